/**
 * The whole test ladder, as `npm test` runs it: static checks first, then unit and integration tests, pages in Chromium, and a real VS Code.
 * Every rung runs, also after a failure, so that one run shows everything; the last line adds all rungs up.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { findBrowser } from "./browser/find-browser.ts";

const ROOT = join(import.meta.dirname, "..");
const RESULTS = join(ROOT, "out", "test-results");

interface Tally {
  passed: number;
  failed: number;
}

interface Rung {
  name: string;
  command: string[];
  /** Reads the rung's own report; a rung without one counts as a single check. */
  report?: string;
  /** Waits for the real VS Code that is being installed. */
  inVsCode?: boolean;
}

const RUNGS: Rung[] = [
  { name: "build", command: ["npm", "run", "-s", "build"] },
  { name: "format and lint", command: ["npx", "biome", "ci", "."] },
  { name: "types", command: ["npx", "tsc", "-b"] },
  { name: "unused code", command: ["npx", "knip"] },
  {
    name: "unit and integration",
    command: [
      "npx",
      "vitest",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile=${join(RESULTS, "vitest.json")}`,
    ],
    report: "vitest.json",
  },
  {
    name: "extension host of a real VS Code",
    command: ["node", "test/vscode/run-extension-host.ts"],
    report: "extension-host.json",
    inVsCode: true,
  },
  {
    name: "journeys in the real window",
    command: [
      "npx",
      "vitest",
      "run",
      "--config",
      "test/vscode/vitest.config.ts",
      "--reporter=default",
      "--reporter=json",
      `--outputFile=${join(RESULTS, "journeys.json")}`,
    ],
    report: "journeys.json",
    inVsCode: true,
  },
];

function run(command: string[]): Promise<number> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Reads a report of vitest's or mocha's JSON reporter; a rung that wrote none has failed as a whole. */
async function tallyOf(rung: Rung, exitCode: number): Promise<Tally> {
  const single: Tally = exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  if (rung.report === undefined) return single;
  const text = await readFile(join(RESULTS, rung.report), "utf8").catch(() => null);
  if (text === null) return { passed: 0, failed: 1 };
  const report = JSON.parse(text) as {
    numPassedTests?: number;
    numFailedTests?: number;
    stats?: { passes: number; failures: number };
  };
  const passed = report.numPassedTests ?? report.stats?.passes ?? 0;
  const failed = report.numFailedTests ?? report.stats?.failures ?? 0;
  // A crash after the report was written must not read as success.
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

await rm(RESULTS, { recursive: true, force: true });
await mkdir(RESULTS, { recursive: true });
// A missing browser is installed first: two package managers at once lock each other out. What fails here is said by the rung that needs it.
await findBrowser().catch((error: unknown) => console.log(String(error)));
const vsCode = run(["node", "test/vscode/install.ts"]);
const total: Tally = { passed: 0, failed: 0 };
for (const rung of RUNGS) {
  const started = performance.now();
  console.log(`\n== ${rung.name}`);
  if (rung.inVsCode === true) await vsCode;
  const tally = await tallyOf(rung, await run(rung.command));
  total.passed += tally.passed;
  total.failed += tally.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${rung.name}: ${tally.passed} passed, ${tally.failed} failed, ${seconds} s`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
