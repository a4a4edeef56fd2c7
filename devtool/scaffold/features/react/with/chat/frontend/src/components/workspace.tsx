"use client";

import { useState } from "react";

import "@/chat.css";
import { Assistant } from "@/components/assistant";
import { TaskBoard } from "@/components/task-board";

const PANELS = [
  { value: "tasks", label: "Tasks" },
  { value: "assistant", label: "Assistant" },
] as const;

/** The tasks and the assistant: side by side where there is room, else one of both. */
export function Workspace() {
  const [shown, setShown] = useState<(typeof PANELS)[number]["value"]>("tasks");
  return (
    <div className="workspace" data-shown={shown}>
      <fieldset className="segments workspace-switch">
        <legend className="visually-hidden">Show</legend>
        {PANELS.map(({ value, label }) => (
          <label key={value}>
            <input
              type="radio"
              name="panel"
              checked={shown === value}
              onChange={() => setShown(value)}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <TaskBoard />
      <Assistant />
    </div>
  );
}
