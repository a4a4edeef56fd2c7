import { TaskBoard } from "@/components/task-board";

/** What there is to work with. */
export function Workspace() {
  return <TaskBoard />;
}
