"use client";

import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";

import { Entrance } from "@/components/entrance";
import { Notice } from "@/components/notice";
import { answerOf, api } from "@/lib/api";
import { messageOf } from "@/lib/errors";

/** Asks for a mail with which a new password can be set. */
export function ForgottenPassword({ onLeave }: { onLeave: () => void }) {
  const id = useId();
  const [email, setEmail] = useState("");
  const ask = useMutation({
    mutationFn: () =>
      answerOf(api.POST("/api/v1/auth/password/forgot", { body: { email: email.trim() } })),
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    ask.mutate();
  }

  return (
    <Entrance heading="Set a new password">
      {ask.isSuccess ? (
        <p role="status">{ask.data.detail}</p>
      ) : (
        <form className="account-form" onSubmit={submit}>
          <label htmlFor={id}>E-mail</label>
          <input
            id={id}
            type="email"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            autoComplete="username"
            maxLength={254}
            required
          />
          {ask.isError && <Notice>{messageOf(ask.error)}</Notice>}
          <button type="submit" className="primary" disabled={ask.isPending}>
            Send me a mail
          </button>
        </form>
      )}
      <button type="button" className="link" onClick={onLeave}>
        Back to signing in
      </button>
    </Entrance>
  );
}
