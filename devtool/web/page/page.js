"use strict";
// Whatever comes from services goes into text nodes; markup is never made from text.
const MOST_LINES = 4000, MOST_ROWS = 1500, MOST_MOMENTS = 200;
const byId = (id) => document.getElementById(id);

function make(tag, attributes, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [kind, what] of Object.entries(value)) element.addEventListener(kind, what);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...inside.filter((each) => each !== null && each !== undefined && each !== ""));
  return element;
}

// The secret: out of the address, where history and shoulders see it, and into this tab alone.
let token = location.hash.length > 20 ? location.hash.slice(1) : "";
if (token) {
  history.replaceState(null, "", location.pathname);
  try { sessionStorage.setItem("token", token); } catch { /* storage is off: a reload needs the link again */ }
} else {
  try { token = sessionStorage.getItem("token") || ""; } catch { token = ""; }
}

async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, ...(options.headers || {}) };
  return fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
}

async function get(path) {
  const answer = await ask(path);
  const said = await answer.json();
  if (said.error) throw new Error(said.hint ? `${said.error} (${said.hint})` : said.error);
  return said;
}

// Times

const pad = (number, width = 2) => String(number).padStart(width, "0");
function clock(seconds) {
  const at = new Date(seconds * 1000);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}
function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor((whole % 3600) / 60);
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
function took(ms) {
  if (ms === null || ms === undefined) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

// Services

let shown = null, skew = 0;
const colours = new Map();
function colour(name) {
  if (!colours.has(name)) colours.set(name, `c${colours.size % 6}`);
  return colours.get(name);
}

function say(text) { byId("said").textContent = text; }

async function act(button, run, service, deed) {
  if (button.getAttribute("aria-busy")) return;
  // A disabled button would lose the focus of whoever pressed it.
  button.setAttribute("aria-busy", "true");
  say(`asking ${service} to ${deed}`);
  try {
    const answer = await ask("/api/act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pid: run.pid, service, do: deed }),
    });
    const said = await answer.json();
    say(said.error ? `${service}: ${said.error}` : "");
  } catch (problem) {
    say(`${service}: ${problem.message}`);
  }
  button.removeAttribute("aria-busy");
}

function isWeb(url) { return /^https?:\/\/[^\s]+$/i.test(url); }

function fact(name, value) { return value ? make("div", {}, make("dt", {}, name), make("dd", {}, value)) : null; }

function serviceCard(run, service) {
  const down = !service.pid;
  const up = make("dd", { "data-since": service.pid && service.started_at ? service.started_at : null });
  const uptime = service.pid && service.started_at ? make("div", {}, make("dt", {}, "up"), up) : null;
  const reloads = service.reloads ? `${service.reloads}${service.reload_ms !== null ? `, last ${took(service.reload_ms)}` : ""}` : "";
  const restart = make("button", { type: "button", "aria-label": `${down ? "Start" : "Restart"} ${service.name}` }, down ? "Start" : "Restart");
  const stop = make("button", { type: "button", "aria-label": `Stop ${service.name}` }, "Stop");
  restart.dataset.key = `restart ${run.pid} ${service.name}`;
  stop.dataset.key = `stop ${run.pid} ${service.name}`;
  restart.addEventListener("click", () => act(restart, run, service.name, "restart"));
  stop.addEventListener("click", () => act(stop, run, service.name, "stop"));
  stop.disabled = down || service.status === "stopping";
  return make("article", { class: "service", "aria-label": `${service.name}, ${service.status}` },
    make("header", {},
      make("h3", { class: colour(service.name) }, service.name),
      make("span", { class: "quiet" }, service.role === service.name ? "" : service.role),
      make("span", { class: "state", "data-state": service.status }, service.status)),
    service.url ? (isWeb(service.url)
      ? make("a", { class: "url", href: service.url, target: "_blank", rel: "noopener noreferrer" }, service.url)
      : make("span", { class: "url" }, service.url)) : null,
    make("dl", { class: "facts" },
      uptime,
      fact("ready in", took(service.ready_ms)),
      fact("reloads", reloads),
      fact("restarts", service.restarts ? String(service.restarts) : ""),
      fact("exit code", service.exit_code !== null && down ? String(service.exit_code) : ""),
      fact("pid", service.pid ? String(service.pid) : "")),
    service.last_error ? make("p", { class: "trouble" }, service.last_error) : null,
    run.ended_at === null ? make("div", { class: "deeds" }, restart, stop) : null);
}

function nothingRuns(state) {
  const failed = state.last ? state.last.services.filter((each) => each.status === "failed") : [];
  return make("div", { class: "empty" },
    make("strong", {}, "Nothing is running"),
    make("span", {}, "Start it with ", make("code", {}, "devtool run"), " in the project's folder."),
    ...failed.map((each) => make("p", { class: "trouble" },
      `Last time ${each.name} failed${each.exit_code !== null ? ` with exit code ${each.exit_code}` : ""}${each.last_error ? `: ${each.last_error}` : ""}`)));
}

function showState(state) {
  skew = state.now - Date.now() / 1000;
  shown = state;
  const name = state.root.split(/[\\/]/).filter(Boolean).pop() || "devtool";
  byId("name").textContent = name;
  byId("root").textContent = state.root;
  const done = (each) => each.status === "exited" && each.exit_code === 0;
  const services = state.runs.flatMap((run) => run.services).filter((each) => !done(each));
  const bad = services.filter((each) => each.status === "failed" || each.status === "unhealthy").length;
  const ready = services.filter((each) => each.status === "ready").length;
  document.title = services.length ? `${bad ? "! " : ""}${ready}/${services.length} ready, ${name}` : `${name}, not running`;
  const focused = document.activeElement ? document.activeElement.dataset.key : "";
  const cards = state.runs.flatMap((run, index) => [
    state.runs.length > 1 ? make("h3", { class: "quiet" }, `Run ${index + 1}, devtool pid ${run.pid}`) : "",
    ...run.services.map((each) => serviceCard(run, each))]);
  byId("services").replaceChildren(...(cards.length ? cards : [nothingRuns(state)]).filter(Boolean),
    ...state.problems.map((each) => make("p", { class: "trouble" }, each)));
  // The cards are new, and whoever was on a button of one still is.
  const again = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused);
  if (again) (again.disabled ? again.parentElement.querySelector("button:enabled") : again)?.focus();
  tick();
}

function tick() {
  const now = Date.now() / 1000 + skew;
  for (const each of document.querySelectorAll("[data-since]")) each.textContent = span(now - Number(each.dataset.since));
}
setInterval(tick, 1000);

// Timeline

let lastMoment = 0;
function showMoments(moments) {
  const list = byId("timeline");
  for (const each of moments) {
    if (each.number <= lastMoment) continue;
    lastMoment = each.number;
    list.prepend(make("li", { "data-kind": each.kind, "data-bad": each.is_bad },
      make("time", { datetime: new Date(each.at * 1000).toISOString() }, clock(each.at)),
      make("span", { class: "dot", "aria-hidden": "true" }),
      make("span", { class: "what" }, make("b", {}, each.service), ` ${each.text}`),
      make("span", { class: "ms" }, took(each.ms))));
    if (each.kind === "ready") refreshRoutes();
  }
  while (list.childElementCount > MOST_MOMENTS) list.lastElementChild.remove();
}

// Logs

let kept = [], lastLine = 0, following = true;
const log = byId("log"), find = byId("find"), service = byId("service"), level = byId("level"), follow = byId("follow");
const known = new Set();

function matches(line) {
  if (line.gap) return !find.value;
  if (service.value && line.by !== service.value) return false;
  if (level.value === "error" && line.level !== "error") return false;
  if (level.value === "warning" && line.level !== "error" && line.level !== "warning") return false;
  return !find.value || line.text.toLowerCase().includes(find.value.toLowerCase());
}

function marked(text) {
  const wanted = find.value.toLowerCase();
  if (!wanted) return [text];
  const low = text.toLowerCase();
  // Some letters change their length with their case; then where they stand is not known.
  if (low.length !== text.length) return [text];
  const parts = [];
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0 && parts.length < 40; at = low.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), make("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  parts.push(text.slice(from));
  return parts;
}

function row(line) {
  if (line.gap) return make("div", { class: "gap" }, line.gap);
  const word = line.level === "error" || line.level === "warning" ? make("span", { class: "unseen" }, `${line.level}: `) : null;
  return make("div", { class: "row", "data-level": line.level },
    make("time", {}, clock(line.at)),
    make("span", { class: `by ${colour(line.by)}`, title: line.by }, line.by),
    make("span", { class: "text" }, word, ...marked(line.text)));
}

function toEnd() { log.scrollTop = log.scrollHeight; }

function append(lines) {
  const fitting = lines.filter(matches).slice(-MOST_ROWS);
  if (fitting.length) {
    const fragment = document.createDocumentFragment();
    for (const each of fitting) fragment.append(row(each));
    log.append(fragment);
    while (log.childElementCount > MOST_ROWS) log.firstElementChild.remove();
    if (following) toEnd();
  }
  count();
}

function count() {
  const whole = kept.filter((each) => !each.gap).length;
  const fitting = find.value || service.value || level.value ? kept.filter((each) => !each.gap && matches(each)).length : whole;
  byId("count").textContent = !whole ? "no lines yet" : fitting === whole ? `${whole} lines` : `${fitting} of ${whole} lines`;
}

function again() { log.replaceChildren(); append(kept); if (following) toEnd(); }

function takeLines(message) {
  const lines = [];
  if (message.missed) lines.push({ gap: `${message.missed} lines came too fast and are left out here; devtool logs has what is kept` });
  for (const [number, at, by, grade, text] of message.lines) {
    if (number <= lastLine) continue;
    lastLine = number;
    lines.push({ at, by, level: grade, text });
    if (!known.has(by)) {
      known.add(by);
      service.append(make("option", { value: by }, by));
      log.style.setProperty("--by", `${Math.min(18, Math.max(...[...known].map((each) => each.length)))}ch`);
    }
  }
  kept = kept.concat(lines).slice(-MOST_LINES);
  append(lines);
}

function setFollowing(value) {
  following = value;
  follow.setAttribute("aria-pressed", String(value));
  if (value) toEnd();
}
let fromHere = false;
for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) log.addEventListener(kind, () => { fromHere = true; }, { passive: true });
log.addEventListener("scroll", () => {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  if (atEnd && !following) setFollowing(true);
  else if (!atEnd && following && fromHere) setFollowing(false);
  fromHere = fromHere && !atEnd;
});
follow.addEventListener("click", () => setFollowing(!following));
byId("clear").addEventListener("click", () => { kept = []; again(); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());
let typing = 0;
find.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(again, 120); });
service.addEventListener("change", again);
level.addEventListener("change", again);
document.addEventListener("keydown", (event) => {
  const busy = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement ? document.activeElement.tagName : "");
  if (event.key === "/" && !busy && !event.ctrlKey && !event.metaKey) { event.preventDefault(); choose("logs"); find.focus(); }
  if (event.key === "Escape" && document.activeElement === find) { find.value = ""; again(); log.focus(); }
});

// Tabs

const TABS = ["logs", "routes", "stack", "checks"];
const loaded = new Set();
function choose(name, focus = false) {
  for (const each of TABS) {
    const tab = byId(`tab-${each}`), on = each === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    byId(`panel-${each}`).hidden = !on;
    if (on && focus) tab.focus();
  }
  if (name === "logs" && following) toEnd();
  if (LOADS[name] && !loaded.has(name)) load(name);
}
for (const [index, name] of TABS.entries()) {
  const tab = byId(`tab-${name}`);
  tab.addEventListener("click", () => choose(name));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -index, End: TABS.length - 1 - index }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose(TABS[(index + step + TABS.length) % TABS.length], true);
  });
}

async function load(name) {
  loaded.add(name);
  const panel = byId(`panel-${name}`);
  panel.setAttribute("aria-busy", "true");
  if (!panel.childElementCount) panel.replaceChildren(make("p", { class: "quiet" }, "Looking…"));
  try {
    const said = await get(`/api/${name === "stack" ? "project" : name}`);
    panel.replaceChildren(...LOADS[name](said));
  } catch (problem) {
    panel.replaceChildren(head(TITLES[name], name), make("p", { class: "quiet" }, problem.message));
  }
  panel.removeAttribute("aria-busy");
}

const TITLES = { routes: "Routes", stack: "Detected stack", checks: "Checks" };
function head(title, name, ...more) {
  return make("div", { class: "head" }, make("h3", {}, title), ...more,
    make("button", { type: "button", on: { click: () => load(name) }, "aria-label": `Look at ${title.toLowerCase()} again` }, "Look again"));
}

let soon = 0;
function refreshRoutes() {
  if (!loaded.has("routes")) return;
  clearTimeout(soon);
  soon = setTimeout(() => load("routes"), 500);
}

function routesPanel(said) {
  const about = make("span", { class: "quiet" }, `${said.routes.length + said.more} of ${said.service}${said.title ? `, ${said.title}` : ""}`);
  if (!said.routes.length) return [head("Routes", "routes", about), make("p", { class: "quiet" }, "It describes no routes.")];
  const rows = said.routes.map((each) => make("tr", {},
    make("td", {}, make("span", { class: "method", "data-method": each.method }, each.method)),
    make("td", { class: "mono" }, each.method === "GET" && !each.path.includes("{") && isWeb(said.url)
      ? make("a", { href: said.url.replace(/\/+$/, "") + each.path, target: "_blank", rel: "noopener noreferrer" }, each.path) : each.path),
    make("td", {}, each.summary,
      ...each.tags.map((tag) => make("span", { class: "tag" }, tag)),
      each.locked ? make("span", { class: "tag" }, "needs credentials") : "",
      each.deprecated ? make("span", { class: "tag" }, "deprecated") : "")));
  return [head("Routes", "routes", about),
    make("table", {}, make("thead", {}, make("tr", {}, ...["Method", "Path", "What it does"].map((each) => make("th", { scope: "col" }, each)))), make("tbody", {}, ...rows)),
    said.more ? make("p", { class: "quiet" }, `and ${said.more} more`) : ""].filter(Boolean);
}

function evidenceList(facts) {
  if (!facts.length) return null;
  return make("ul", { class: "evidence" }, ...facts.map((each) => make("li", { "data-strength": each.strength },
    make("span", { class: "unseen" }, each.strength === "hint" ? "hint: " : "proof: "),
    `${each.fact} `, make("code", {}, each.line ? `${each.path}:${each.line}` : each.path))));
}

function stackPanel(said) {
  const parts = said.components.map((each) => make("article", { class: "part" },
    make("h4", {}, `${each.role}${each.framework ? `: ${each.framework}` : ""}`),
    make("span", { class: "mono" }, each.entry),
    make("p", { class: "quiet" }, [each.folder && `in ${each.folder}/`, each.manager && `with ${each.manager}`,
      each.ready === false && "its environment is not ready"].filter(Boolean).join(", ")),
    evidenceList(each.evidence)));
  return [head("Detected stack", "stack", make("span", { class: "quiet" }, `phase ${said.phase}: ${said.description}`)),
    said.refusal ? make("p", { class: "trouble" }, said.hint ? `${said.refusal}\n${said.hint}` : said.refusal) : "",
    ...parts,
    said.evidence.length ? make("article", { class: "part" }, make("h4", {}, `why phase ${said.phase}`), evidenceList(said.evidence)) : "",
    said.notes.length ? make("article", { class: "part" }, make("h4", {}, "notes"), make("ul", { class: "evidence" }, ...said.notes.map((each) => make("li", { "data-strength": "hint" }, each)))) : ""].filter(Boolean);
}

function checksPanel(said) {
  const order = { error: 0, warning: 1, ok: 2 };
  const rows = [...said.findings].sort((a, b) => order[a.level] - order[b.level]).map((each) => make("div", { class: "finding", "data-level": each.level },
    make("span", { class: "level" }, each.level), make("span", {}, each.check),
    make("span", { class: "about" }, each.text, each.fix ? make("span", { class: "fix" }, "fix: ", make("code", {}, each.fix)) : "")));
  const bad = said.findings.filter((each) => each.level !== "ok").length;
  return [head("Checks", "checks", make("span", { class: "quiet" }, bad ? `${bad} to look at` : "all is well")), ...rows];
}
const LOADS = { routes: routesPanel, stack: stackPanel, checks: checksPanel };

async function showPhase() {
  const said = await get("/api/project");
  byId("phase").textContent = said.default ? "not recognised" : said.description || `Phase ${said.phase}`;
  byId("phase").hidden = false;
  loaded.add("stack");
  byId("panel-stack").replaceChildren(...stackPanel(said));
}

// The stream

function banner(text) { byId("banner").textContent = text; byId("banner").hidden = !text; }
function connection(state, text) {
  byId("link").dataset.state = state;
  if (byId("link-text").textContent !== text) byId("link-text").textContent = text;
}

function take(message) {
  if (message.kind === "state") showState(message);
  else if (message.kind === "moments") showMoments(message.moments);
  else if (message.kind === "lines") takeLines(message);
}

async function stream() {
  const answer = await ask(`/api/events?after=${lastLine}`);
  if (answer.status === 401) return false;
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  connection("live", "live");
  banner("");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const each of lines) if (each) take(JSON.parse(each));
  }
}

async function main() {
  let pause = 300;
  for (;;) {
    const began = Date.now();
    try {
      if (!token || !(await stream())) {
        connection("lost", "not let in");
        banner("This page needs the link that devtool printed. Open that link again, or run devtool status --web.");
        return;
      }
    } catch { /* told below, and tried again */ }
    connection("lost", "connection lost");
    banner("devtool status --web has ended or cannot be reached. What you see is what was known last.");
    pause = Date.now() - began > 5000 ? 300 : Math.min(5000, pause * 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
addEventListener("hashchange", () => { if (location.hash.length > 20) location.reload(); });
main();
if (token) showPhase().catch(() => {});
