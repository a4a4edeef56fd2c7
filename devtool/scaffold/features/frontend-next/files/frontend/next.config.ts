import type { NextConfig } from "next";

const config: NextConfig = {
  // The proxy below sends no header twice; see src/proxy.ts for the policy of what pages may load.
  poweredByHeader: false,
  reactStrictMode: true,
  output: "standalone",
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
