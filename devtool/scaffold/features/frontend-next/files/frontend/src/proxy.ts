import { type NextRequest, NextResponse } from "next/server";

const BACKEND = "http://127.0.0.1:8000";
const IS_DEVELOPMENT = process.env.NODE_ENV === "development";

/** Passes `/api` on to the backend, and tells pages what they may load: nothing of anybody else. */
export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl;
  if (pathname.startsWith("/api/")) {
    // Read at every request, so that one build runs against any backend.
    return NextResponse.rewrite(new URL(pathname + search, process.env.BACKEND_URL ?? BACKEND));
  }
  return withPolicy(request);
}

/** Next.js gives its own scripts the nonce that it finds in the policy of the request. */
function withPolicy(request: NextRequest): NextResponse {
  const policy = policyWith(btoa(crypto.randomUUID()));
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  return response;
}

function policyWith(nonce: string): string {
  // What compiles on every change needs eval and a socket of its own.
  const scripts = `'self' 'nonce-${nonce}' 'strict-dynamic'${IS_DEVELOPMENT ? " 'unsafe-eval'" : ""}`;
  return [
    "default-src 'self'",
    `script-src ${scripts}`,
    `style-src 'self' ${IS_DEVELOPMENT ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    `connect-src 'self'${IS_DEVELOPMENT ? " ws:" : ""}`,
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export const config = {
  matcher: "/((?!_next/static|_next/image|favicon.ico|icon.svg).*)",
};
