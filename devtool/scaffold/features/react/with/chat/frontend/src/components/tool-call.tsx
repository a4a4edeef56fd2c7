"use client";

import { getToolName } from "ai";

import { Undo } from "@/components/undo";
import { sentenceOf, type ToolPart } from "@/lib/tools";
import { useTaskTitle } from "@/lib/use-task-title";

interface ToolCallProps {
  part: ToolPart;
  /** Whether it happened during this visit: what is long past is not undone with a click. */
  isNew: boolean;
  onAnswer: (answer: { id: string; approved: boolean }) => void;
}

/** What the assistant did or wants to do, with what it was given and what came of it. */
export function ToolCall({ part, isNew, onAnswer }: ToolCallProps) {
  const sentence = sentenceOf(part, useTaskTitle());
  if (part.state === "approval-requested") {
    return <Question id={part.approval.id} sentence={sentence} onAnswer={onAnswer} />;
  }
  return (
    <div className="tool-call" data-state={part.state}>
      <details>
        <summary>{sentence}</summary>
        <pre>{JSON.stringify(part.input, null, 2)}</pre>
        {part.state === "output-available" && <pre>{JSON.stringify(part.output, null, 2)}</pre>}
        {part.state === "output-error" && <p>{part.errorText}</p>}
      </details>
      {isNew && part.state === "output-available" && <Undo tool={getToolName(part)} output={part.output} />}
    </div>
  );
}

interface QuestionProps {
  id: string;
  sentence: string;
  onAnswer: ToolCallProps["onAnswer"];
}

function Question({ id, sentence, onAnswer }: QuestionProps) {
  return (
    <div className="tool-question" role="group" aria-label={sentence}>
      <p>{sentence}. Is that right?</p>
      <div className="form-actions">
        <button
          type="button"
          className="danger"
          onClick={() => onAnswer({ id, approved: true })}
        >
          Yes, do it
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() => onAnswer({ id, approved: false })}
        >
          No
        </button>
      </div>
    </div>
  );
}
