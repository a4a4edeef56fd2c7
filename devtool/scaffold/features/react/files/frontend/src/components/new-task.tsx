"use client";

import { type SubmitEvent, useId, useRef, useState } from "react";

import { Notice } from "@/components/notice";
import { messageOf } from "@/lib/errors";
import { newKey } from "@/lib/keys";
import { useCreateTask } from "@/lib/tasks";

const LONGEST_TITLE = 200;

export function NewTask() {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [title, setTitle] = useState("");
  const create = useCreateTask();

  function add(event: SubmitEvent) {
    event.preventDefault();
    const wanted = title.trim();
    field.current?.focus();
    if (!wanted) {
      return;
    }
    setTitle("");
    create.mutate(
      { title: wanted, description: "", key: newKey() },
      // What was typed is not lost, unless something new is being typed already.
      { onError: () => setTitle((current) => current || wanted) },
    );
  }

  return (
    <form className="new-task" onSubmit={add}>
      <label htmlFor={id} className="visually-hidden">
        New task
      </label>
      <div className="field-row">
        <input
          id={id}
          ref={field}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          placeholder="What is to be done?"
          maxLength={LONGEST_TITLE}
          autoComplete="off"
          enterKeyHint="done"
        />
        <button type="submit" className="primary">
          Add
        </button>
      </div>
      {create.isError && <Notice>{messageOf(create.error)}</Notice>}
    </form>
  );
}
