import createClient from "openapi-fetch";

import { answerOf } from "@/lib/answers";
import type { paths } from "@/lib/api.gen";
import { ApiError } from "@/lib/errors";

export type SessionState = "unknown" | "signed-out" | "signed-in";

export interface Credentials {
  email: string;
  password: string;
}

/*
 * The access token is in this variable and nowhere else, so no other page and no later visitor can
 * take it; the refresh token is in a cookie that no script can read. After a reload the cookie gives
 * a new access token.
 */
let accessToken = "";
let state: SessionState = "unknown";
let renewal: Promise<boolean> | null = null;

const listeners = new Set<() => void>();
// Says nothing of the tokens: it only saves visitors who were never here a request.
const HINT = "signed-in";
const bare = createClient<paths>({ baseUrl: "" });

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function sessionState(): SessionState {
  return state;
}

/** Sends a request as whoever is signed in; a token that has run out is renewed on the way. */
export async function authorizedFetch(request: Request): Promise<Response> {
  // A body can be sent once, so the second try gets a copy.
  const again = request.clone();
  const response = await fetch(withToken(request));
  if (response.status !== 401 || !(await renew())) {
    return response;
  }
  return fetch(withToken(again));
}

export async function signUp(credentials: Credentials): Promise<void> {
  await answerOf(bare.POST("/api/v1/auth/signup", { body: credentials }));
  await signIn(credentials);
}

export async function signIn(credentials: Credentials): Promise<void> {
  const { access_token } = await answerOf(bare.POST("/api/v1/session", { body: credentials }));
  enter(access_token);
}

export async function signOut(): Promise<void> {
  try {
    // Whether the session was over already makes no difference.
    await bare.DELETE("/api/v1/session");
  } finally {
    leave();
    channel()?.postMessage(HINT);
  }
}

/** Finds out, once a page is there, whether somebody is signed in already. */
export async function restore(): Promise<void> {
  if (localStorage.getItem(HINT) === null) {
    leave();
    return;
  }
  await renew();
}

/** Leaves in this tab when somebody signs out in another. */
export function followOtherTabs(): () => void {
  const other = channel();
  other?.addEventListener("message", leave);
  return () => other?.close();
}

function renew(): Promise<boolean> {
  renewal ??= inTurn(exchange).finally(() => {
    renewal = null;
  });
  return renewal;
}

async function exchange(): Promise<boolean> {
  try {
    enter((await answerOf(bare.POST("/api/v1/session/refresh"))).access_token);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) {
      leave();
      return false;
    }
    throw error; // Whether somebody is signed in is not known while the server is away.
  }
}

/** A refresh token works once: tabs that need a new one at the same moment take turns. */
async function inTurn(work: () => Promise<boolean>): Promise<boolean> {
  // Locks are there on HTTPS and localhost only.
  const locks = (navigator as { locks?: LockManager }).locks;
  return await (locks ? locks.request("session", work) : work());
}

function withToken(request: Request): Request {
  if (accessToken) {
    request.headers.set("Authorization", `Bearer ${accessToken}`);
  }
  return request;
}

function enter(token: string): void {
  localStorage.setItem(HINT, "");
  accessToken = token;
  become("signed-in");
}

function leave(): void {
  localStorage.removeItem(HINT);
  accessToken = "";
  become("signed-out");
}

function become(next: SessionState): void {
  state = next;
  for (const listener of listeners) {
    listener();
  }
}

function channel(): BroadcastChannel | null {
  return typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("session");
}
