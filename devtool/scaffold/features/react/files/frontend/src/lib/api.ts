import createClient from "openapi-fetch";

import { authorizedFetch } from "@/lib/access";
import type { components, paths } from "@/lib/api.gen";

export { answerOf } from "@/lib/answers";

export type Schemas = components["schemas"];

/** Every route of the backend, typed by its own description; `/api` is passed on to it. */
export const api = createClient<paths>({ baseUrl: "", fetch: authorizedFetch });
