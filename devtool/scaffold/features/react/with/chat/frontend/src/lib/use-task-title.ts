"use client";

import { useQueryClient } from "@tanstack/react-query";

import type { Pages } from "@/lib/task-cache";
import { TASKS } from "@/lib/tasks";

/** Looks up the title of a task among those that were shown. */
export function useTaskTitle(): (id: number) => string | undefined {
  const queries = useQueryClient();
  return (id) =>
    queries
      .getQueriesData<Pages>({ queryKey: TASKS })
      .flatMap(([, pages]) => pages?.pages ?? [])
      .flatMap((page) => page.items)
      .find((task) => task.id === id)?.title;
}
