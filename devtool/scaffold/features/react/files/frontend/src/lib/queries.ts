import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/lib/errors";

const TRIES = 3;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: isWorthAnotherTry, staleTime: 10_000 } },
  });
}

/** A refusal stays one; a server that is just starting answers a moment later. */
function isWorthAnotherTry(failures: number, error: Error): boolean {
  const isRefusal = error instanceof ApiError && error.status < 500;
  return !isRefusal && failures < TRIES;
}
