/** Bundles what runs inside the extension host: the bridge for journeys, and the mocha tests. */
import { join } from "node:path";
import { build } from "esbuild";

const HERE = import.meta.dirname;
const OUT = join(HERE, "..", "..", "out", "vscode");

export const BRIDGE = join(OUT, "bridge.cjs");
export const MOCHA = join(OUT, "run-mocha.cjs");

export async function buildHost(): Promise<void> {
  await build({
    entryPoints: { bridge: join(HERE, "bridge.ts"), "run-mocha": join(HERE, "host", "run-mocha.ts") },
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    outdir: OUT,
    outExtension: { ".js": ".cjs" },
    external: ["vscode", "mocha"],
    logLevel: "warning",
  });
}

// F5 builds the tests before it starts VS Code.
if (process.argv.includes("--now")) await buildHost();
