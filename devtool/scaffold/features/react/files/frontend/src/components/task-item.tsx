"use client";

import { type RefObject, startTransition, useOptimistic, useRef, useState } from "react";

import { Notice } from "@/components/notice";
import { TaskForm } from "@/components/task-form";
import { messageOf } from "@/lib/errors";
import { type Draft, isUnsaved, type Task, useCompleteTask, useUpdateTask } from "@/lib/tasks";
import { useEscape } from "@/lib/use-escape";

interface TaskItemProps {
  task: Task;
  onDelete: () => void;
}

export function TaskItem({ task, onDelete }: TaskItemProps) {
  const [mode, setMode] = useState<"shown" | "edited" | "doomed">("shown");
  const [draft, setDraft] = useState<Draft>(task);
  const editButton = useRef<HTMLButtonElement>(null);
  const complete = useCompleteTask();
  // A checkbox has to answer within the click.
  const [completed, setCompleted] = useOptimistic(task.completed);
  const update = useUpdateTask();
  const error = complete.error ?? update.error;

  function check(wanted: boolean) {
    startTransition(async () => {
      setCompleted(wanted);
      await complete.mutateAsync({ task, completed: wanted }).catch(shownBelow);
    });
  }

  function edit() {
    setDraft(task);
    update.reset();
    setMode("edited");
  }

  function close() {
    setMode("shown");
    // The button comes back with the next frame, and the focus with it.
    requestAnimationFrame(() => editButton.current?.focus());
  }

  function save(wanted: Draft) {
    setDraft(wanted);
    // What was written and refused is there again, to be corrected.
    update.mutate({ task, ...wanted }, { onError: () => setMode("edited") });
    close();
  }

  return (
    <li className="task" data-task={task.id} data-unsaved={isUnsaved(task) || undefined}>
      {mode === "edited" ? (
        <TaskForm name={task.title} draft={draft} onSave={save} onCancel={close} />
      ) : (
        <>
          <label className="task-main">
            <input
              type="checkbox"
              checked={completed}
              disabled={isUnsaved(task)}
              onChange={(event) => check(event.target.checked)}
            />
            <span className="task-text">
              <span className="task-title">{task.title}</span>
              {task.description && <span className="task-description">{task.description}</span>}
            </span>
          </label>
          {mode === "doomed" ? (
            <DeleteQuestion task={task} onDelete={onDelete} onKeep={close} />
          ) : (
            <TaskActions
              task={task}
              editButton={editButton}
              onEdit={edit}
              onDelete={() => setMode("doomed")}
            />
          )}
        </>
      )}
      {error && <Notice>{messageOf(error)}</Notice>}
    </li>
  );
}

interface TaskActionsProps {
  task: Task;
  editButton: RefObject<HTMLButtonElement | null>;
  onEdit: () => void;
  onDelete: () => void;
}

function TaskActions({ task, editButton, onEdit, onDelete }: TaskActionsProps) {
  return (
    <div className="task-actions">
      <button
        type="button"
        className="quiet"
        ref={editButton}
        disabled={isUnsaved(task)}
        onClick={onEdit}
      >
        Edit <span className="visually-hidden">{task.title}</span>
      </button>
      <button type="button" className="quiet" disabled={isUnsaved(task)} onClick={onDelete}>
        Delete <span className="visually-hidden">{task.title}</span>
      </button>
    </div>
  );
}

interface DeleteQuestionProps {
  task: Task;
  onDelete: () => void;
  onKeep: () => void;
}

function DeleteQuestion({ task, onDelete, onKeep }: DeleteQuestionProps) {
  useEscape(onKeep);
  return (
    <div className="task-actions" role="group" aria-label={`Delete ${task.title}?`}>
      {/* The question stands where the button was that had the focus. */}
      <button type="button" className="danger" ref={focus} onClick={onDelete}>
        Delete <span className="visually-hidden">for good</span>
      </button>
      <button type="button" className="quiet" onClick={onKeep}>
        Keep
      </button>
    </div>
  );
}

/** The mutation keeps its error, and the item shows it. */
function shownBelow(): void {
  // Nothing else is to be done.
}

function focus(element: HTMLElement | null) {
  element?.focus();
}
