import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/unit/**/*.test.ts", "test/integration/**/*.test.ts"],
    // Engine tests start child processes that load models; two at a time is what a two-core machine carries.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
