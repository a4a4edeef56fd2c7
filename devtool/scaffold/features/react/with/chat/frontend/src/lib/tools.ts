import { type DynamicToolUIPart, getToolName, type ToolUIPart } from "ai";

import type { Task } from "@/lib/tasks";

export type ToolPart = ToolUIPart | DynamicToolUIPart;

interface Words {
  /** What is happening, what has happened, and what would. */
  doing: string;
  done: string;
  wish: string;
}

// A tool that is not here is named as it is.
const WORDS: Partial<Record<string, Words>> = {
  add_task: { doing: "Adding", done: "Added", wish: "add" },
  list_tasks: { doing: "Looking at the tasks", done: "Looked at the tasks", wish: "look at the tasks" },
  get_task: { doing: "Looking at", done: "Looked at", wish: "look at" },
  update_task: { doing: "Changing", done: "Changed", wish: "change" },
  complete_task: { doing: "Completing", done: "Completed", wish: "complete" },
  delete_task: { doing: "Deleting", done: "Deleted", wish: "delete" },
};

/**
 * What a call of a tool is about, in a few words.
 *
 * @param titleOf The title of a task by its id, where that is known.
 */
export function sentenceOf(part: ToolPart, titleOf: (id: number) => string | undefined): string {
  const name = getToolName(part);
  const words = WORDS[name] ?? { doing: `Using ${name}`, done: `Used ${name}`, wish: `use ${name}` };
  const object = objectOf(part, titleOf);
  if (isRefused(part)) {
    return `Did not ${words.wish}${object}`;
  }
  switch (part.state) {
    case "output-available":
      return `${words.done}${object}`;
    case "output-error":
      return `Could not ${words.wish}${object}`;
    case "approval-requested":
      return `The assistant wants to ${words.wish}${object}`;
    default:
      return `${words.doing}${object}…`;
  }
}

/** Whether the user said no, which the backend may or may not have heard yet. */
function isRefused(part: ToolPart): boolean {
  const said = part.state === "approval-responded" && !part.approval.approved;
  return said || part.state === "output-denied";
}

/** The task that a call is about, by its title where that is known. */
function objectOf(part: ToolPart, titleOf: (id: number) => string | undefined): string {
  const id = numberOf(part.input, "task_id");
  const known = id === undefined ? textOf(part.input, "title") : titleOf(id);
  const title = textOf(part.output, "title") ?? known;
  if (title !== undefined) {
    return ` “${title}”`;
  }
  return id === undefined ? "" : ` task ${id}`;
}

/** The task that a finished call gave back, if it gave back one. */
export function taskOf(output: unknown): Task | undefined {
  const isTask = numberOf(output, "id") !== undefined && textOf(output, "title") !== undefined;
  return isTask ? (output as Task) : undefined; // The backend's tools answer with tasks as its routes do.
}

function textOf(holder: unknown, key: string): string | undefined {
  const value = valueOf(holder, key);
  return typeof value === "string" ? value : undefined;
}

function numberOf(holder: unknown, key: string): number | undefined {
  const value = valueOf(holder, key);
  return typeof value === "number" ? value : undefined;
}

function valueOf(holder: unknown, key: string): unknown {
  return typeof holder === "object" && holder !== null
    ? (holder as Record<string, unknown>)[key]
    : undefined;
}
