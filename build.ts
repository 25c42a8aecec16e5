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
  entryPoints: { refract: "sidecar/refract.ts" },
  outdir: "dist/sidecar",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  // Bundled CommonJS packages call require(), which an ES module doesn't have.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
