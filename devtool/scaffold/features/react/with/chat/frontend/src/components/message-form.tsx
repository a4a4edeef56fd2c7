"use client";

import { type KeyboardEvent, type RefObject, type SubmitEvent, useId, useState } from "react";

const LONGEST_MESSAGE = 4000;

interface MessageFormProps {
  field: RefObject<HTMLTextAreaElement | null>;
  isBusy: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}

export function MessageForm({ field, isBusy, onSend, onStop }: MessageFormProps) {
  const id = useId();
  const [text, setText] = useState("");

  function send(event: SubmitEvent | KeyboardEvent) {
    event.preventDefault();
    if (!isBusy && text.trim()) {
      onSend(text.trim());
      setText("");
    }
  }

  return (
    <form className="message-form" onSubmit={send}>
      <label htmlFor={id} className="visually-hidden">
        Message to the assistant
      </label>
      <textarea
        id={id}
        ref={field}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // Shift+Enter makes a line; an input method may need Enter for itself.
          if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            send(event);
          }
        }}
        placeholder="Ask or tell the assistant"
        maxLength={LONGEST_MESSAGE}
        rows={1}
        autoComplete="off"
        enterKeyHint="send"
      />
      {isBusy ? (
        <button type="button" className="quiet" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary">
          Send
        </button>
      )}
    </form>
  );
}
