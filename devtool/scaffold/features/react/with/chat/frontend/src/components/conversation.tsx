"use client";

import { useChat } from "@ai-sdk/react";
import { useQueryClient } from "@tanstack/react-query";
import { isToolUIPart, lastAssistantMessageIsCompleteWithApprovalResponses } from "ai";
import { useEffect, useRef, useState } from "react";

import { useAnnounce } from "@/components/announcer";
import { Message } from "@/components/message";
import { MessageForm } from "@/components/message-form";
import { Notice } from "@/components/notice";
import { type ChatMessage, CONVERSATIONS, stopAnswer, transport } from "@/lib/conversations";
import { ApiError, messageOf } from "@/lib/errors";
import { TASKS } from "@/lib/tasks";
import { sentenceOf } from "@/lib/tools";
import { useTaskTitle } from "@/lib/use-task-title";

interface ConversationProps {
  id: string;
  messages: ChatMessage[];
  isRunning: boolean;
  /** Called when something is said, so that the conversation stays the one that is shown. */
  onSaid: () => void;
}

export function Conversation({ id, messages: before, isRunning, onSaid }: ConversationProps) {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const titleOf = useTaskTitle();
  const field = useRef<HTMLTextAreaElement>(null);
  const chat = useChat<ChatMessage>({
    id,
    messages: before,
    transport,
    resume: isRunning,
    throttle: 50,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    onFinish: ({ message }) => {
      announce(spoken(message, titleOf));
      void queries.invalidateQueries({ queryKey: CONVERSATIONS });
    },
  });
  const [old] = useState(() => new Set(before.map((message) => message.id)));
  const isBusy = chat.status === "submitted" || chat.status === "streaming";
  useFreshTasks(chat.messages);

  async function stop() {
    await stopAnswer(id);
    await chat.stop();
  }

  return (
    <>
      <Messages
        messages={chat.messages}
        old={old}
        isBusy={isBusy}
        onAnswer={(answer) => {
          void chat.addToolApprovalResponse(answer);
          // The buttons of the question go, and the focus would go with them.
          field.current?.focus();
        }}
      />
      {chat.error && (
        <Notice>
          {chat.error instanceof ApiError || chat.error instanceof TypeError
            ? messageOf(chat.error)
            : chat.error.message}
        </Notice>
      )}
      <MessageForm
        field={field}
        isBusy={isBusy}
        onSend={(text) => {
          onSaid();
          void chat.sendMessage({ text });
        }}
        onStop={() => void stop()}
      />
    </>
  );
}

interface MessagesProps {
  messages: readonly ChatMessage[];
  /** The ids of what was said before this visit. */
  old: ReadonlySet<string>;
  isBusy: boolean;
  onAnswer: (answer: { id: string; approved: boolean }) => void;
}

function Messages({ messages, old, isBusy, onAnswer }: MessagesProps) {
  const log = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // The newest words are in sight; the page itself stays where it is.
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [messages]);

  if (messages.length === 0) {
    return (
      <p className="empty">
        Say what is to be done: “add buy milk”, “what is left?”, “done 1”.
      </p>
    );
  }
  return (
    // What can be scrolled has to be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <ol ref={log} className="messages" aria-label="Messages" aria-busy={isBusy} tabIndex={0}>
      {messages.map((message) => (
        <Message
          key={message.id}
          message={message}
          isNew={!old.has(message.id)}
          onAnswer={onAnswer}
        />
      ))}
      {isBusy && messages.at(-1)?.role === "user" && (
        <li className="message" data-role="assistant">
          <span className="waiting">One moment…</span>
        </li>
      )}
    </ol>
  );
}

/** Looks at the tasks again as soon as the assistant has worked on them. */
function useFreshTasks(messages: readonly ChatMessage[]) {
  const queries = useQueryClient();
  const finished = messages
    .flatMap((message) => message.parts)
    .filter((part) => isToolUIPart(part) && part.state === "output-available").length;
  const before = useRef(finished);
  useEffect(() => {
    if (finished > before.current) {
      void queries.invalidateQueries({ queryKey: TASKS });
    }
    before.current = finished;
  }, [queries, finished]);
}

/** What somebody who listens is told of an answer: its text, and what it asks. */
function spoken(message: ChatMessage, titleOf: (id: number) => string | undefined): string {
  const said = message.parts.map((part) => {
    if (part.type === "text") {
      return part.text;
    }
    const isQuestion = isToolUIPart(part) && part.state === "approval-requested";
    return isQuestion ? `${sentenceOf(part, titleOf)}. Is that right?` : "";
  });
  return said.filter(Boolean).join(" ");
}
