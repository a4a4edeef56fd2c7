"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { AccountForm } from "@/components/account-form";
import { useAnnounce } from "@/components/announcer";
import { MailLinkPage } from "@/components/mail-link-page";
import { Notice } from "@/components/notice";
import { answerOf, api } from "@/lib/api";
import {
  followOtherTabs,
  restore,
  sessionState,
  type SessionState,
  signOut,
  subscribe,
} from "@/lib/access";
import { messageOf } from "@/lib/errors";
import { useMailLink } from "@/lib/mail-link";

/** Keeps the page in step with who is signed in. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const state = useSessionState();
  const before = useRef(state);

  useEffect(followOtherTabs, []);
  useEffect(() => {
    if (state === "signed-out") {
      queries.clear(); // What one person saw is nothing for the next.
    }
    if (before.current !== "unknown" && before.current !== state) {
      // The button that had the focus is gone; what comes after it is in `main`.
      document.getElementById("main")?.focus();
    }
    before.current = state;
  }, [queries, state]);
  return children;
}

/** Shows its content to whoever is signed in, a way in to everybody else, and what a mail asks first. */
export function SessionGate({ children }: { children: ReactNode }) {
  const state = useSessionState();
  const link = useMailLink();
  const { error, retry } = useRestored();

  if (link !== null) {
    return <MailLinkPage link={link} />;
  }
  if (error !== null) {
    return <Notice onRetry={retry}>{messageOf(error)}</Notice>;
  }
  if (state === "unknown") {
    return (
      <div className="skeleton" role="status">
        <span className="visually-hidden">Loading</span>
        <div />
        <div />
      </div>
    );
  }
  return state === "signed-in" ? children : <AccountForm />;
}

export function AccountMenu() {
  return useSessionState() === "signed-in" ? <Account /> : null;
}

function Account() {
  const announce = useAnnounce();
  const me = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/auth/me", { signal })),
  });

  async function leave() {
    await signOut();
    announce("Signed out");
  }

  return (
    <div className="account">
      <span className="account-name">{me.data?.email}</span>
      <button type="button" className="quiet" onClick={() => void leave()}>
        Sign out
      </button>
    </div>
  );
}

function useSessionState(): SessionState {
  return useSyncExternalStore(subscribe, sessionState, () => "unknown");
}

function useRestored() {
  const [error, setError] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    restore().catch(setError);
  }, [tries]);

  function retry() {
    setError(null);
    setTries((before) => before + 1);
  }
  return { error, retry };
}
