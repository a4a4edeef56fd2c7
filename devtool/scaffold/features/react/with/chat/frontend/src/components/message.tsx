import { isToolUIPart } from "ai";

import { ToolCall } from "@/components/tool-call";
import type { ChatMessage } from "@/lib/conversations";

interface MessageProps {
  message: ChatMessage;
  isNew: boolean;
  onAnswer: (answer: { id: string; approved: boolean }) => void;
}

export function Message({ message, isNew, onAnswer }: MessageProps) {
  const { error } = message.metadata ?? {};
  return (
    <li className="message" data-role={message.role}>
      <span className="visually-hidden">{message.role === "user" ? "You" : "Assistant"}: </span>
      {message.parts.map((part, place) => {
        if (part.type === "text") {
          return (
            <p key={place} className="message-text">
              {part.text}
            </p>
          );
        }
        return isToolUIPart(part) ? (
          <ToolCall key={part.toolCallId} part={part} isNew={isNew} onAnswer={onAnswer} />
        ) : null;
      })}
      {error && <p className="message-error">{error}</p>}
    </li>
  );
}
