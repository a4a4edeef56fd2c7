"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";

import { Announcer } from "@/components/announcer";
import { AccountMenu, SessionGate, SessionProvider } from "@/components/session";
import { Workspace } from "@/components/workspace";
import { newQueryClient } from "@/lib/queries";

export function App() {
  const [queries] = useState(newQueryClient);
  return (
    <QueryClientProvider client={queries}>
      <Announcer>
        <SessionProvider>
          <a className="skip-link" href="#main">
            Skip to the content
          </a>
          <header className="site-header">
            <p className="brand">__TITLE__</p>
            <AccountMenu />
          </header>
          <main id="main" tabIndex={-1}>
            <SessionGate>
              <Workspace />
            </SessionGate>
          </main>
        </SessionProvider>
      </Announcer>
    </QueryClientProvider>
  );
}
