"use client";

import { Notice } from "@/components/notice";
import { messageOf } from "@/lib/errors";
import { type Task, useCompleteTask, useDeleteTask } from "@/lib/tasks";
import { taskOf } from "@/lib/tools";

interface UndoProps {
  tool: string;
  output: unknown;
}

/** Takes back what a tool did, where that can be taken back. */
export function Undo({ tool, output }: UndoProps) {
  const task = taskOf(output);
  if (task !== undefined && tool === "add_task") {
    return <UndoAdd task={task} />;
  }
  return task !== undefined && tool === "complete_task" ? <UndoComplete task={task} /> : null;
}

function UndoAdd({ task }: { task: Task }) {
  const remove = useDeleteTask();
  return (
    <UndoButton
      title={task.title}
      isUndone={!remove.isIdle && !remove.isError}
      error={remove.error}
      onUndo={() => remove.mutate(task)}
    />
  );
}

function UndoComplete({ task }: { task: Task }) {
  const complete = useCompleteTask();
  return (
    <UndoButton
      title={task.title}
      isUndone={!complete.isIdle && !complete.isError}
      error={complete.error}
      onUndo={() => complete.mutate({ task, completed: false })}
    />
  );
}

interface UndoButtonProps {
  title: string;
  isUndone: boolean;
  error: Error | null;
  onUndo: () => void;
}

function UndoButton({ title, isUndone, error, onUndo }: UndoButtonProps) {
  return (
    <>
      <button type="button" className="quiet" disabled={isUndone} onClick={onUndo}>
        {isUndone ? "Undone" : "Undo"} <span className="visually-hidden">{title}</span>
      </button>
      {error && <Notice>{messageOf(error)}</Notice>}
    </>
  );
}
