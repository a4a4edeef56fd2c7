"use client";

import { useId } from "react";

import type { Status, View } from "@/lib/tasks";

const STATUSES: readonly { value: Status; label: string }[] = [
  { value: "all", label: "All" },
  { value: "open", label: "Open" },
  { value: "done", label: "Done" },
];

interface TaskFilterProps {
  view: View;
  onChange: (view: View) => void;
}

export function TaskFilter({ view, onChange }: TaskFilterProps) {
  const id = useId();
  return (
    <search className="filter">
      <fieldset className="segments">
        <legend className="visually-hidden">Show</legend>
        {STATUSES.map(({ value, label }) => (
          <label key={value}>
            <input
              type="radio"
              name={id}
              value={value}
              checked={view.status === value}
              onChange={() => onChange({ ...view, status: value })}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <label htmlFor={`${id}-search`} className="visually-hidden">
        Search tasks
      </label>
      <input
        id={`${id}-search`}
        type="search"
        value={view.search}
        onChange={(event) => onChange({ ...view, search: event.target.value })}
        placeholder="Search"
        maxLength={100}
        autoComplete="off"
      />
    </search>
  );
}
