/** The part of problem details (RFC 9457) that is of use to people. */
interface Problem {
  title?: unknown;
  detail?: unknown;
  errors?: unknown;
}

/** An answer that says no. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, body: unknown) {
    super(sentenceOf(status, body));
    this.name = "ApiError";
    this.status = status;
  }
}

/** One sentence about an error that says what to do now. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    return error.message;
  }
  if (error instanceof TypeError) {
    return "The server cannot be reached. Check the connection and try again.";
  }
  return "Something went wrong. Try again.";
}

function sentenceOf(status: number, body: unknown): string {
  if (status === 412) {
    return "This was changed somewhere else in the meantime. Look at it again before you save.";
  }
  if (status === 429) {
    return "That was too often. Wait a moment and try again.";
  }
  if (status >= 500) {
    return "The server has a problem. Try again in a moment.";
  }
  return fieldMessage(body) ?? textOf(body) ?? `The server refused this (${status}).`;
}

/** What the first field that is wrong has to be like, named as people know it. */
function fieldMessage(body: unknown): string | undefined {
  const errors = isProblem(body) ? body.errors : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== "object" || first === null || !("message" in first && "where" in first)) {
    return undefined;
  }
  const field: unknown = Array.isArray(first.where) ? first.where.at(-1) : undefined;
  return `${String(field ?? "Input")}: ${String(first.message)}`;
}

function textOf(body: unknown): string | undefined {
  if (!isProblem(body)) {
    return undefined;
  }
  return [body.detail, body.title].find((text) => typeof text === "string");
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null;
}
