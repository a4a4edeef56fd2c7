import type { InfiniteData } from "@tanstack/react-query";

import type { Schemas } from "@/lib/api";

export type Task = Schemas["TaskRead"];
export type TaskPage = Schemas["TaskPage"];
export type Pages = InfiniteData<TaskPage, string | null>;

/** The pages with a task in front. */
export function withTask(pages: Pages, task: Task): Pages {
  const [first, ...rest] = pages.pages;
  return first ? { ...pages, pages: [{ ...first, items: [task, ...first.items] }, ...rest] } : pages;
}

/** The pages with one task changed. */
export function withChange(pages: Pages, id: Task["id"], change: Partial<Task>): Pages {
  return mapItems(pages, (items) =>
    items.map((task) => (task.id === id ? { ...task, ...change } : task)),
  );
}

/** The pages without one task. */
export function withoutTask(pages: Pages, id: Task["id"]): Pages {
  return mapItems(pages, (items) => items.filter((task) => task.id !== id));
}

function mapItems(pages: Pages, change: (items: readonly Task[]) => Task[]): Pages {
  return {
    ...pages,
    pages: pages.pages.map((page) => ({ ...page, items: change(page.items) })),
  };
}
