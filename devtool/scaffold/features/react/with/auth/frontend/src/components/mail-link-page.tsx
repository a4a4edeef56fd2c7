"use client";

import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";

import { useAnnounce } from "@/components/announcer";
import { Entrance } from "@/components/entrance";
import { Notice } from "@/components/notice";
import { PasswordField } from "@/components/password-field";
import { answerOf, api } from "@/lib/api";
import { messageOf } from "@/lib/errors";
import { leaveMailLink, type MailLink } from "@/lib/mail-link";

/** What a link from a mail leads to. */
export function MailLinkPage({ link }: { link: MailLink }) {
  return link.page === "reset-password" ? (
    <ResetPassword token={link.token} />
  ) : (
    <VerifyEmail token={link.token} />
  );
}

function ResetPassword({ token }: { token: string }) {
  const id = useId();
  const announce = useAnnounce();
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: () =>
      answerOf(
        api.POST("/api/v1/auth/password/reset", { body: { token, new_password: password } }),
      ),
    onSuccess: () => {
      announce("The password is changed. Sign in with it.");
      leaveMailLink();
    },
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    reset.mutate();
  }

  return (
    <Entrance heading="Set a new password">
      <form className="account-form" onSubmit={submit}>
        <PasswordField id={`${id}-password`} value={password} onChange={setPassword} isNew />
        {reset.isError && <Notice>{messageOf(reset.error)}</Notice>}
        <button type="submit" className="primary" disabled={reset.isPending}>
          Set password
        </button>
      </form>
      <LeaveButton />
    </Entrance>
  );
}

/** Asks for a click: programs that read mails follow links, but press no buttons. */
function VerifyEmail({ token }: { token: string }) {
  const announce = useAnnounce();
  const verify = useMutation({
    mutationFn: () => answerOf(api.POST("/api/v1/auth/verify", { body: { token } })),
    onSuccess: () => {
      announce("The address is verified.");
      leaveMailLink();
    },
  });
  return (
    <Entrance heading="Verify your address">
      {verify.isError && <Notice>{messageOf(verify.error)}</Notice>}
      <button
        type="button"
        className="primary"
        disabled={verify.isPending}
        onClick={() => verify.mutate()}
      >
        This address is mine
      </button>
      <LeaveButton />
    </Entrance>
  );
}

function LeaveButton() {
  return (
    <button type="button" className="link" onClick={leaveMailLink}>
      Not now
    </button>
  );
}
