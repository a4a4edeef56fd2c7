import { defineConfig } from "vite";

// The browser talks to one origin: Vite hands /api on to the backend, wherever that was started.
const backend = process.env.BACKEND_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  server: { proxy: { "/api": backend } },
});
