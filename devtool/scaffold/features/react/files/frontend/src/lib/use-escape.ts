import { useEffect, useEffectEvent } from "react";

/** Calls back when somebody presses Escape, for as long as the component is there. */
export function useEscape(onEscape: () => void): void {
  const leave = useEffectEvent((event: KeyboardEvent) => {
    if (event.key === "Escape") {
      onEscape();
    }
  });
  useEffect(() => {
    document.addEventListener("keydown", leave);
    return () => document.removeEventListener("keydown", leave);
  }, []);
}
