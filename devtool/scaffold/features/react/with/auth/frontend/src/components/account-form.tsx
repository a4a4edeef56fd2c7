"use client";

import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";

import { useAnnounce } from "@/components/announcer";
import { Entrance } from "@/components/entrance";
import { ForgottenPassword } from "@/components/forgotten-password";
import { Notice } from "@/components/notice";
import { PasswordField } from "@/components/password-field";
import { type Credentials, signIn, signUp } from "@/lib/access";
import { messageOf } from "@/lib/errors";

interface Way {
  heading: string;
  button: string;
  enter: (credentials: Credentials) => Promise<void>;
  other: string;
}

const WAYS = {
  in: {
    heading: "Sign in",
    button: "Sign in",
    enter: signIn,
    other: "New here? Create an account",
  },
  up: {
    heading: "Create an account",
    button: "Create account",
    enter: signUp,
    other: "Have an account? Sign in",
  },
} satisfies Record<string, Way>;

export function AccountForm() {
  const id = useId();
  const announce = useAnnounce();
  const [wayName, setWayName] = useState<keyof typeof WAYS | "forgotten">("in");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const isNew = wayName === "up";
  const way = WAYS[isNew ? "up" : "in"];
  const entry = useMutation({
    mutationFn: way.enter,
    onSuccess: () => announce(`Signed in as ${email.trim()}`),
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    entry.mutate({ email: email.trim(), password });
  }

  function go(name: typeof wayName) {
    entry.reset();
    setWayName(name);
  }

  if (wayName === "forgotten") {
    return <ForgottenPassword onLeave={() => go("in")} />;
  }
  return (
    <Entrance heading={way.heading}>
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
        <PasswordField
          id={`${id}-password`}
          value={password}
          onChange={setPassword}
          isNew={isNew}
        />
        {entry.isError && <Notice>{messageOf(entry.error)}</Notice>}
        <button type="submit" className="primary" disabled={entry.isPending}>
          {entry.isPending ? "One moment…" : way.button}
        </button>
      </form>
      <div className="ways">
        <button type="button" className="link" onClick={() => go(isNew ? "in" : "up")}>
          {way.other}
        </button>
        {!isNew && (
          <button type="button" className="link" onClick={() => go("forgotten")}>
            Forgot your password?
          </button>
        )}
      </div>
    </Entrance>
  );
}
