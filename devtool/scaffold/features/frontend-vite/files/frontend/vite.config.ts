import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The browser stays on one address: what it asks of /api is passed on to the backend.
const proxy = { "/api": { target: process.env.BACKEND_URL ?? "http://127.0.0.1:8000" } };

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy },
  preview: { proxy },
});
