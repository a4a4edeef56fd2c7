import createClient from "openapi-fetch";

import { authorizedFetch } from "@/lib/access";
import type { components, paths } from "@/lib/api.gen";
import { ApiError } from "@/lib/errors";

export type Schemas = components["schemas"];

/** Every route of the backend, typed by its own description. `/api` is passed on by this page's server. */
export const api = createClient<paths>({ baseUrl: "", fetch: authorizedFetch });

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** What was answered, or the error that the answer is. */
export async function answerOf<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await asked;
  if (!response.ok) {
    throw new ApiError(response.status, error);
  }
  return data as Data; // Of a success the description knows the type; of 204 it is undefined.
}
