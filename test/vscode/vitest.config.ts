import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Journeys in the real window: one file after the other, since each drives a whole VS Code. */
export default defineConfig({
  test: {
    include: ["test/vscode/journeys/**/*.test.ts"],
    root: join(import.meta.dirname, "..", ".."),
    fileParallelism: false,
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 240_000,
    hookTimeout: 400_000,
  },
});
