"use client";

import {
  useInfiniteQuery,
  useMutation,
  useQueryClient,
  type QueryKey,
} from "@tanstack/react-query";

import { useAnnounce } from "@/components/announcer";
import { answerOf, api } from "@/lib/api";
import { ApiError } from "@/lib/errors";
import { type Pages, type Task, withChange, withoutTask, withTask } from "@/lib/task-cache";

export type { Task };

export type Status = "all" | "open" | "done";

/** Which tasks are looked at. */
export interface View {
  status: Status;
  search: string;
}

/** What people write about a task. */
export interface Draft {
  title: string;
  description: string;
}

export const TASKS: QueryKey = ["tasks"];
const PAGE = 50;

export function useTasks(view: View) {
  return useInfiniteQuery({
    queryKey: [...TASKS, view],
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET("/api/v1/tasks", {
          params: {
            query: {
              limit: PAGE,
              cursor: pageParam ?? undefined,
              completed: view.status === "all" ? undefined : view.status === "done",
              search: view.search || undefined,
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
}

export function useCreateTask() {
  return useTaskChange(
    ({ title, description, key }: Draft & { key: string }) =>
      answerOf(
        api.POST("/api/v1/tasks", {
          body: { title, description },
          params: { header: { "idempotency-key": key } },
        }),
      ),
    (pages, draft) => withTask(pages, draftTask(draft)),
    ({ title }) => `Added ${title}`,
  );
}

export function useUpdateTask() {
  return useTaskChange(
    save,
    (pages, { task, title, description }) => withChange(pages, task.id, { title, description }),
    ({ title }) => `Saved ${title}`,
  );
}

/** Changes a task, unless it is no longer what its editor saw. */
async function save({ task, title, description }: Draft & { task: Task }) {
  const path = { task_id: task.id };
  const seen = await api.GET("/api/v1/tasks/{task_id}", { params: { path } });
  if (seen.data && seen.data.updated_at !== task.updated_at) {
    throw new ApiError(412, undefined);
  }
  return answerOf(
    api.PATCH("/api/v1/tasks/{task_id}", {
      params: { path },
      headers: { "If-Match": seen.response.headers.get("ETag") },
      body: { title, description },
    }),
  );
}

export function useCompleteTask() {
  return useTaskChange(
    ({ task, completed }: { task: Task; completed: boolean }) => {
      const params = { path: { task_id: task.id } };
      return answerOf(
        completed
          ? api.PATCH("/api/v1/tasks/{task_id}/complete", { params })
          : api.PATCH("/api/v1/tasks/{task_id}", { params, body: { completed } }),
      );
    },
    (pages, { task, completed }) => withChange(pages, task.id, { completed }),
    ({ task, completed }) => `${completed ? "Completed" : "Reopened"} ${task.title}`,
  );
}

export function useDeleteTask() {
  return useTaskChange(
    (task: Task) =>
      answerOf(api.DELETE("/api/v1/tasks/{task_id}", { params: { path: { task_id: task.id } } })),
    (pages, task) => withoutTask(pages, task.id),
    (task) => `Deleted ${task.title}`,
  );
}

/** Whether a task is shown before the server has it. */
export function isUnsaved(task: Task): boolean {
  return task.id === UNSAVED;
}

const UNSAVED = 0;

function draftTask({ title, description }: Draft): Task {
  const now = new Date().toISOString();
  return {
    id: UNSAVED,
    title,
    description,
    completed: false,
    created_at: now,
    updated_at: now,
  };
}

/** A change that shows at once, is said once it is done, and is taken back if the server refuses it. */
function useTaskChange<Wanted>(
  send: (wanted: Wanted) => Promise<unknown>,
  apply: (pages: Pages, wanted: Wanted) => Pages,
  sentence: (wanted: Wanted) => string,
) {
  const announce = useAnnounce();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: send,
    onMutate: async (wanted) => {
      // An answer that was asked for before the change would undo it on the screen.
      await queries.cancelQueries({ queryKey: TASKS });
      const before = queries.getQueriesData<Pages>({ queryKey: TASKS });
      queries.setQueriesData<Pages>({ queryKey: TASKS }, (pages) => pages && apply(pages, wanted));
      return { before };
    },
    onSuccess: (_answer, wanted) => announce(sentence(wanted)),
    onError: (_error, _wanted, kept) => {
      for (const [key, pages] of kept?.before ?? []) {
        queries.setQueryData(key, pages);
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: TASKS }),
  });
}
