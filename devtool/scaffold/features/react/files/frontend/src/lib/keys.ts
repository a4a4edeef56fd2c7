/** A key by which the server knows a request that is sent twice. */
export function newKey(): string {
  // crypto.randomUUID is there on HTTPS and localhost only; this is everywhere.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
