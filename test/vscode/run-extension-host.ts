/** The rung of tests that run inside the extension host of a real VS Code. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildHost, MOCHA } from "./build-host.ts";
import { sampleWorkspace } from "./sample-workspace.ts";
import { CONTRIBUTING, startVsCodeServer } from "./vscode-server.ts";
import { closeBrowser, openWindow } from "./vscode-window.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** All of the mocha tests together. */
const LIMIT_MS = 300_000;

async function printFailures(): Promise<void> {
  const report = JSON.parse(await readFile(join(ROOT, "out", "test-results", "extension-host.json"), "utf8")) as {
    tests: { fullTitle: string; duration?: number; err: { stack?: string; message?: string } }[];
  };
  for (const { fullTitle, duration, err } of report.tests) {
    const failure = err.stack ?? err.message;
    console.log(`${failure === undefined ? "passed" : "FAILED"} ${fullTitle} (${duration ?? 0} ms)`);
    if (failure !== undefined) console.log(failure);
  }
}

await buildHost();
const workspace = await sampleWorkspace();
const server = await startVsCodeServer({ trust: true, install: [CONTRIBUTING] });
try {
  const window = await openWindow({ server, folder: workspace.folder, tests: MOCHA, development: true });
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error(`The tests did not end within ${LIMIT_MS / 1000} s.`)), LIMIT_MS).unref();
  });
  process.exitCode = await Promise.race([window.exit, late]);
  await printFailures();
  await window.close();
} finally {
  await closeBrowser();
  await server.close();
  await workspace.remove();
}
