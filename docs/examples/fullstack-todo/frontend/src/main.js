// The page: draw what the server has, and after every change ask it again.

import { addTask, changeTask, deleteTask, listTasks } from "./api.js";

const form = document.querySelector("#add");
const list = document.querySelector("#tasks");
const message = document.querySelector("#message");

function row(task) {
  const tick = Object.assign(document.createElement("input"), {
    type: "checkbox",
    checked: task.done,
    onchange: () => act(() => changeTask(task.id, { done: tick.checked })),
  });
  const label = document.createElement("label");
  label.append(tick, document.createTextNode(task.title));

  const remove = Object.assign(document.createElement("button"), {
    type: "button",
    textContent: "Delete",
    onclick: () => act(() => deleteTask(task.id)),
  });
  remove.setAttribute("aria-label", `Delete ${task.title}`);

  const item = document.createElement("li");
  item.append(label, remove);
  return item;
}

async function draw() {
  const tasks = await listTasks();
  const open = tasks.filter((task) => !task.done).length;
  list.replaceChildren(...tasks.map(row));
  message.textContent = tasks.length === 0 ? "Nothing to do." : `${open} of ${tasks.length} to do.`;
}

async function act(change) {
  try {
    await change?.();
    await draw();
  } catch (error) {
    message.textContent = `That did not work: ${error.message}.`;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const title = form.elements.title.value;
  form.reset();
  act(() => addTask(title));
});

act();
