import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Engine tests start child processes that load models; two at a time is what a two-core machine carries.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { extends: true, test: { name: "integration", include: ["test/integration/**/*.test.ts"] } },
      // Real weights are no part of the repository: `npm run test:real -- OUT` says where they are.
      ...(process.env.REFRACT_REAL === undefined
        ? []
        : [
            {
              extends: true,
              test: { name: "real", include: ["test/real/**/*.test.ts"], testTimeout: 900_000 },
            } as const,
          ]),
      { extends: true, test: { name: "pages", include: ["test/pages/**/*.test.ts"] } },
    ],
  },
});
