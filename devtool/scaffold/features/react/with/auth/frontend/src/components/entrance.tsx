import { type ReactNode, useId } from "react";

/** A card for people who are not in yet. */
export function Entrance({ heading, children }: { heading: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="entrance" aria-labelledby={id}>
      <h1 id={id}>{heading}</h1>
      {children}
    </section>
  );
}
