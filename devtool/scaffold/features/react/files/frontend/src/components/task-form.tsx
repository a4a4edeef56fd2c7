"use client";

import { type SubmitEvent, useId, useState } from "react";

import type { Draft } from "@/lib/tasks";
import { useEscape } from "@/lib/use-escape";

const LONGEST_TITLE = 200;
const LONGEST_DESCRIPTION = 1000;

interface TaskFormProps {
  name: string;
  draft: Draft;
  onSave: (draft: Draft) => void;
  onCancel: () => void;
}

export function TaskForm({ name, draft, onSave, onCancel }: TaskFormProps) {
  const id = useId();
  const [title, setTitle] = useState(draft.title);
  const [description, setDescription] = useState(draft.description);
  useEscape(onCancel);

  function save(event: SubmitEvent) {
    event.preventDefault();
    onSave({ title: title.trim(), description: description.trim() });
  }

  return (
    <form className="task-form" aria-label={`Edit ${name}`} onSubmit={save}>
      <label htmlFor={`${id}-title`}>Title</label>
      <input
        id={`${id}-title`}
        ref={focus}
        value={title}
        onChange={(event) => setTitle(event.target.value)}
        maxLength={LONGEST_TITLE}
        pattern=".*\S.*"
        title="A title has to say something"
        required
        autoComplete="off"
      />
      <label htmlFor={`${id}-description`}>Description</label>
      <textarea
        id={`${id}-description`}
        value={description}
        onChange={(event) => setDescription(event.target.value)}
        maxLength={LONGEST_DESCRIPTION}
        rows={3}
      />
      <div className="form-actions">
        <button type="submit" className="primary">
          Save
        </button>
        <button type="button" className="quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Somebody who asks to edit wants to type. */
function focus(element: HTMLElement | null) {
  element?.focus();
}
