"use client";

import { useSyncExternalStore } from "react";

/** What a link from a mail is for, and the token that proves that somebody got the mail. */
export interface MailLink {
  page: "reset-password" | "verify-email";
  token: string;
}

const listeners = new Set<() => void>();
let current: MailLink | null | undefined;

/** The link that led here, until it is done with. */
export function useMailLink(): MailLink | null {
  return useSyncExternalStore(subscribe, mailLink, () => null);
}

/** Forgets the link: a token is of use once, and nothing for the history of the browser. */
export function leaveMailLink(): void {
  history.replaceState(null, "", "/");
  current = null;
  for (const listener of listeners) {
    listener();
  }
}

function mailLink(): MailLink | null {
  if (current === undefined) {
    current = read();
  }
  return current;
}

function read(): MailLink | null {
  const page = location.pathname.slice(1);
  const token = new URLSearchParams(location.search).get("token");
  const isKnown = page === "reset-password" || page === "verify-email";
  return isKnown && token ? { page, token } : null;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
