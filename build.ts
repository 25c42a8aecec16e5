/** Bundles what ships: the sidecar (command line and server), the extension, the pages. Native packages stay outside the bundles. */
import { build } from "esbuild";

const node = {
  bundle: true,
  platform: "node",
  target: "node22",
  sourcemap: true,
  logLevel: "warning",
  external: ["onnxruntime-node", "vscode"],
} as const;

await build({
  ...node,
  entryPoints: {
    refract: "sidecar/refract.ts",
    "engine-process": "sidecar/engine/process/engine-process.ts",
    "plugin-worker": "sidecar/plugins/plugin-worker.ts",
  },
  outdir: "dist/sidecar",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  // Bundled CommonJS packages call require(), which an ES module doesn't have.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});

// The extension: one file, loaded by VS Code's extension host as CommonJS.
await build({
  ...node,
  entryPoints: { activate: "extension/activate.ts" },
  outdir: "dist/extension",
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  minify: true,
  // The plain JavaScript of msgpackr, and ws without its optional native parts: nothing to find beside the bundle.
  alias: { msgpackr: "./node_modules/msgpackr/index.js" },
  external: [...node.external, "bufferutil", "utf-8-validate"],
});

// The pages: scripts and styles that a webview or the report takes as they are. Chrome 130 is older than any VS Code that is supported.
await build({
  bundle: true,
  platform: "browser",
  target: "chrome130",
  format: "esm",
  minify: true,
  logLevel: "warning",
  legalComments: "none",
  entryPoints: {
    heatmap: "webviews/heatmap/heatmap.ts",
    compare: "webviews/compare/compare.ts",
    results: "webviews/results/results.ts",
    report: "webviews/results/report.ts",
    "heatmap-style": "webviews/heatmap/heatmap.css",
    "compare-style": "webviews/compare/compare.css",
    "results-style": "webviews/results/results.css",
    "report-style": "webviews/results/report.css",
  },
  outdir: "dist/webviews",
});
