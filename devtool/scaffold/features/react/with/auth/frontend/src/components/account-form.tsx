"use client";

import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";

import { useAnnounce } from "@/components/announcer";
import { Notice } from "@/components/notice";
import { type Credentials, signIn, signUp } from "@/lib/access";
import { messageOf } from "@/lib/errors";

const SHORTEST_PASSWORD = 8;
const LONGEST_PASSWORD = 128;

interface Way {
  heading: string;
  button: string;
  password: string;
  enter: (credentials: Credentials) => Promise<void>;
  other: string;
}

const WAYS = {
  in: {
    heading: "Sign in",
    button: "Sign in",
    password: "current-password",
    enter: signIn,
    other: "New here? Create an account",
  },
  up: {
    heading: "Create an account",
    button: "Create account",
    password: "new-password",
    enter: signUp,
    other: "Have an account? Sign in",
  },
} satisfies Record<string, Way>;

export function AccountForm() {
  const id = useId();
  const announce = useAnnounce();
  const [wayName, setWayName] = useState<keyof typeof WAYS>("in");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const way = WAYS[wayName];
  const entry = useMutation({
    mutationFn: way.enter,
    onSuccess: () => announce(`Signed in as ${email.trim()}`),
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    entry.mutate({ email: email.trim(), password });
  }

  return (
    <section className="entrance" aria-labelledby={`${id}-heading`}>
      <h1 id={`${id}-heading`}>{way.heading}</h1>
      <form className="account-form" onSubmit={submit}>
        <label htmlFor={`${id}-email`}>E-mail</label>
        <input
          id={`${id}-email`}
          type="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          autoComplete="username"
          maxLength={254}
          required
        />
        <label htmlFor={`${id}-password`}>Password</label>
        <input
          id={`${id}-password`}
          type="password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          autoComplete={way.password}
          minLength={wayName === "up" ? SHORTEST_PASSWORD : undefined}
          maxLength={LONGEST_PASSWORD}
          aria-describedby={wayName === "up" ? `${id}-rule` : undefined}
          required
        />
        {wayName === "up" && (
          <p id={`${id}-rule`} className="hint">
            At least {SHORTEST_PASSWORD} characters. A sentence is easy to keep in mind.
          </p>
        )}
        {entry.isError && <Notice>{messageOf(entry.error)}</Notice>}
        <button type="submit" className="primary" disabled={entry.isPending}>
          {entry.isPending ? "One moment…" : way.button}
        </button>
      </form>
      <button
        type="button"
        className="link"
        onClick={() => {
          entry.reset();
          setWayName(wayName === "in" ? "up" : "in");
        }}
      >
        {way.other}
      </button>
    </section>
  );
}
