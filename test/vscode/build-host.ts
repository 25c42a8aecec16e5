/** Bundles what runs inside the extension host: the bridge for journeys, and the mocha tests. */
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { copySamples } from "./sample-workspace.ts";

const HERE = import.meta.dirname;
const OUT = join(HERE, "..", "..", "out", "vscode");

/** The folder of the bridge's extension. */
export const BRIDGE = join(OUT, "bridge");
/** The workspace of the tests that F5 starts. */
export const SAMPLES_COPY = join(OUT, "samples");
export const MOCHA = join(OUT, "run-mocha.cjs");

export async function buildHost(): Promise<void> {
  await build({
    entryPoints: {
      "bridge/bridge": join(HERE, "bridge", "bridge.ts"),
      "run-mocha": join(HERE, "host", "run-mocha.ts"),
    },
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    outdir: OUT,
    outExtension: { ".js": ".cjs" },
    external: ["vscode", "mocha"],
    logLevel: "warning",
  });
  await copyFile(join(HERE, "bridge", "package.json"), join(BRIDGE, "package.json"));
}

// F5 builds the tests before it starts VS Code, on a copy of the samples that they may change.
if (process.argv.includes("--now")) {
  await buildHost();
  await rm(SAMPLES_COPY, { recursive: true, force: true });
  await copySamples(SAMPLES_COPY);
}
