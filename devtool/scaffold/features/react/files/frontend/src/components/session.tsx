import type { ReactNode } from "react";

/** Without accounts there is one local user, who is always in. */
export function SessionProvider({ children }: { children: ReactNode }) {
  return children;
}

export function SessionGate({ children }: { children: ReactNode }) {
  return children;
}

export function AccountMenu() {
  return null;
}
