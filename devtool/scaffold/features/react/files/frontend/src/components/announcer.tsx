"use client";

import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

type Announce = (text: string) => void;

const AnnouncerContext = createContext<Announce>(() => undefined);

/** Says things to people who listen to the page: what was just done, without moving the focus. */
export function useAnnounce(): Announce {
  return useContext(AnnouncerContext);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: "", times: 0 });
  const announce = useCallback<Announce>((text) => {
    setSaid((before) => ({ text, times: before.times + 1 }));
  }, []);
  return (
    <AnnouncerContext value={announce}>
      {children}
      <div role="status" className="visually-hidden">
        {/* A new key makes the same sentence news again. */}
        <span key={said.times}>{said.text}</span>
      </div>
    </AnnouncerContext>
  );
}
