"use client";

import { useRef } from "react";

import { Notice } from "@/components/notice";
import { TaskItem } from "@/components/task-item";
import { messageOf } from "@/lib/errors";
import { type Task, useDeleteTask, useTasks, type View } from "@/lib/tasks";

export function TaskList({ view }: { view: View }) {
  const list = useRef<HTMLUListElement>(null);
  const tasks = useTasks(view);
  const remove = useDeleteTask();
  const shown = tasks.data?.pages.flatMap((page) => page.items) ?? [];

  if (tasks.isPending) {
    return <Skeleton />;
  }
  return (
    <>
      {tasks.isError && (
        <Notice onRetry={() => void tasks.refetch()}>{messageOf(tasks.error)}</Notice>
      )}
      {remove.isError && (
        <Notice>
          “{remove.variables.title}” is still there. {messageOf(remove.error)}
        </Notice>
      )}
      {shown.length === 0 && !tasks.isError && <Empty view={view} />}
      <ul ref={list} className="tasks" aria-busy={tasks.isPlaceholderData}>
        {shown.map((task) => (
          <TaskItem
            key={task.id}
            task={task}
            onDelete={() => {
              focusNeighbour(list.current, shown, task);
              remove.mutate(task);
            }}
          />
        ))}
      </ul>
      {tasks.hasNextPage && (
        <button
          type="button"
          className="more"
          disabled={tasks.isFetchingNextPage}
          onClick={() => void tasks.fetchNextPage()}
        >
          {tasks.isFetchingNextPage ? "Loading…" : "Show more"}
        </button>
      )}
    </>
  );
}

/** Keeps the place of somebody on the keyboard when the task they are at goes. */
function focusNeighbour(list: HTMLElement | null, shown: readonly Task[], gone: Task) {
  const place = shown.indexOf(gone);
  const neighbour = shown[place + 1] ?? shown[place - 1];
  const target = neighbour
    ? list?.querySelector<HTMLElement>(`[data-task="${neighbour.id}"] input`)
    : document.getElementById("tasks-heading");
  target?.focus();
}

function Empty({ view }: { view: View }) {
  if (view.search) {
    return <p className="empty">No task contains “{view.search}”.</p>;
  }
  const text = {
    all: "Nothing to do. Add your first task above.",
    open: "Nothing left to do.",
    done: "Nothing done yet.",
  }[view.status];
  return <p className="empty">{text}</p>;
}

function Skeleton() {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">Loading tasks</span>
      <div />
      <div />
      <div />
    </div>
  );
}
