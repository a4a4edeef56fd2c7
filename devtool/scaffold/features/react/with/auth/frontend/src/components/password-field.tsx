const SHORTEST_PASSWORD = 8;
const LONGEST_PASSWORD = 128;

interface PasswordFieldProps {
  id: string;
  value: string;
  onChange: (value: string) => void;
  /** Whether it is being chosen, and not asked for. */
  isNew: boolean;
}

export function PasswordField({ id, value, onChange, isNew }: PasswordFieldProps) {
  return (
    <>
      <label htmlFor={id}>{isNew ? "New password" : "Password"}</label>
      <input
        id={id}
        type="password"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        autoComplete={isNew ? "new-password" : "current-password"}
        minLength={isNew ? SHORTEST_PASSWORD : undefined}
        maxLength={LONGEST_PASSWORD}
        aria-describedby={isNew ? `${id}-rule` : undefined}
        required
      />
      {isNew && (
        <p id={`${id}-rule`} className="hint">
          At least {SHORTEST_PASSWORD} characters. A sentence is easy to keep in mind.
        </p>
      )}
    </>
  );
}
