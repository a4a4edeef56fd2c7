import type { ReactNode } from "react";

interface NoticeProps {
  children: ReactNode;
  id?: string;
  onRetry?: () => void;
}

/** An error where it happened, read out at once. */
export function Notice({ children, id, onRetry }: NoticeProps) {
  return (
    <div role="alert" id={id} className="notice">
      <p>{children}</p>
      {onRetry && (
        <button type="button" className="quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
