"use client";

import { type Conversation, useDeleteConversation } from "@/lib/conversations";

interface ConversationListProps {
  conversations: readonly Conversation[];
  current: string;
  onChoose: (id: string) => void;
  onDeleted: (id: string) => void;
}

export function ConversationList({
  conversations,
  current,
  onChoose,
  onDeleted,
}: ConversationListProps) {
  const remove = useDeleteConversation();
  if (conversations.length === 0) {
    return null;
  }
  return (
    <details className="conversations">
      <summary>Conversations ({conversations.length})</summary>
      <ul>
        {conversations.map(({ id, title }) => (
          <li key={id}>
            <button
              type="button"
              className="quiet"
              aria-current={id === current}
              onClick={() => onChoose(id)}
            >
              {title}
            </button>
            <button
              type="button"
              className="quiet"
              onClick={() => remove.mutate(id, { onSuccess: () => onDeleted(id) })}
            >
              Delete <span className="visually-hidden">conversation {title}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
