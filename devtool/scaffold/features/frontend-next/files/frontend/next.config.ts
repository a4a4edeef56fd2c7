import type { NextConfig } from "next";

// Nothing of this project is told to anybody. Next.js reads this after it has read this file.
process.env.NEXT_TELEMETRY_DISABLED = "1";

const config: NextConfig = {
  poweredByHeader: false,
  // A lock file in a folder above would make Next.js look for everything there.
  turbopack: { root: import.meta.dirname },
  reactStrictMode: true,
  // The image holds what the pages need, and no node_modules; see the Dockerfile.
  output: process.env.STANDALONE ? "standalone" : undefined,
  // Compression holds back what is streamed; a reverse proxy does it better.
  compress: false,
  headers: () =>
    Promise.resolve([
      {
        source: "/:path*",
        headers: [
          { key: "Referrer-Policy", value: "same-origin" },
          { key: "X-Content-Type-Options", value: "nosniff" },
          { key: "Permissions-Policy", value: "camera=(), geolocation=(), microphone=()" },
        ],
      },
    ]),
};

export default config;
