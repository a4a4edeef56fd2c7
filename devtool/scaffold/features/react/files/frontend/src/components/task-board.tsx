"use client";

import { useState } from "react";

import { NewTask } from "@/components/new-task";
import { TaskFilter } from "@/components/task-filter";
import { TaskList } from "@/components/task-list";
import type { View } from "@/lib/tasks";
import { useSettled } from "@/lib/use-settled";

export function TaskBoard() {
  const [view, setView] = useState<View>({ status: "all", search: "" });
  const search = useSettled(view.search.trim());
  return (
    <section className="board" aria-labelledby="tasks-heading">
      <h1 id="tasks-heading" tabIndex={-1}>
        Tasks
      </h1>
      <NewTask />
      <TaskFilter view={view} onChange={setView} />
      <TaskList view={{ ...view, search }} />
    </section>
  );
}
