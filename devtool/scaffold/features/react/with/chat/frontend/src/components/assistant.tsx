"use client";

import { useState } from "react";

import { ConversationList } from "@/components/conversation-list";
import { Conversation } from "@/components/conversation";
import { Notice } from "@/components/notice";
import { useAssistant, useConversations, useHistory } from "@/lib/conversations";
import { messageOf } from "@/lib/errors";
import { newKey } from "@/lib/keys";

export function Assistant() {
  const conversations = useConversations();
  const [fresh, setFresh] = useState(newKey);
  const [chosen, setChosen] = useState<string | null>(null);
  // Where the last visit ended, until something else is chosen.
  const current = chosen ?? (conversations.data?.items[0]?.id || fresh);

  function start() {
    const id = newKey();
    setFresh(id);
    setChosen(id);
  }

  return (
    <section className="assistant" aria-labelledby="assistant-heading">
      <header className="assistant-header">
        <h1 id="assistant-heading">Assistant</h1>
        <button type="button" className="quiet" onClick={start}>
          New conversation
        </button>
      </header>
      <About />
      <ConversationList
        conversations={conversations.data?.items ?? []}
        current={current}
        onChoose={setChosen}
        onDeleted={(id) => id === current && start()}
      />
      {conversations.isError && (
        <Notice onRetry={() => void conversations.refetch()}>{messageOf(conversations.error)}</Notice>
      )}
      {!conversations.isPending && (
        <Loaded
          key={current}
          id={current}
          exists={conversations.data?.items.some(({ id }) => id === current) ?? false}
          onSaid={() => setChosen(current)}
        />
      )}
    </section>
  );
}

/** Says who answers, where that is not a model. */
function About() {
  const assistant = useAssistant();
  if (!assistant.data?.model.offline) {
    return null;
  }
  return (
    <p className="hint">
      No AI model is connected: a few rules of this machine answer. {assistant.data.model.hint}
    </p>
  );
}

interface LoadedProps {
  id: string;
  exists: boolean;
  onSaid: () => void;
}

function Loaded({ id, exists, onSaid }: LoadedProps) {
  // What is new stays so for as long as it is shown: nothing of it is elsewhere.
  const [isNew] = useState(!exists);
  const history = useHistory(id, !isNew);
  if (isNew) {
    return <Conversation id={id} messages={[]} isRunning={false} onSaid={onSaid} />;
  }
  if (history.isError) {
    return <Notice onRetry={() => void history.refetch()}>{messageOf(history.error)}</Notice>;
  }
  if (history.isPending) {
    return (
      <div className="skeleton" role="status">
        <span className="visually-hidden">Loading the conversation</span>
        <div />
        <div />
      </div>
    );
  }
  return (
    <Conversation
      id={id}
      messages={history.data.messages}
      isRunning={history.data.isRunning}
      onSaid={onSaid}
    />
  );
}
