/**
 * `npm run bench -- editor`: what a researcher waits for in VS Code. Cold start of the sidecar to its first answer; loading and activating the
 * extension; and, in a real VS Code, a 200-token prompt on the demo model from key press to `setDecorations` and to the frame that shows them, in
 * ratio to a bare forward pass of the untouched export over the same tokens in the same run.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import type { Page } from "playwright-core";
import { openSocket } from "../../extension/sidecar/open-socket.ts";
import { ProtocolClient } from "../../shared/protocol/client.ts";
import { cutModel } from "../../sidecar/engine/cut/cut-model.ts";
import { timed } from "../support/bench/ratio.ts";
import { UntouchedModel } from "../support/bench/untouched-model.ts";
import { startJourney } from "../vscode/journey.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const DEMO = join(ROOT, "extension", "samples", "model");
const RUNS = 15;

/** Words that every demo prompt is made of; enough of them for about 200 tokens. */
const TEXT = "I want to infect the blog of Tivbek. ".repeat(18).trim();

/** A window that has just opened still sets itself up, and the dictionaries are measured after the first inspection. */
const SETTLING_MS = 15_000;
/** The window draws an edit before the press that follows it. */
const BETWEEN_MS = 800;

/** One for each run. */
const LETTERS = "ABCDEFGHJKLMNOP";

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function line(what: string, values: readonly number[], target: number): void {
  const middle = median(values);
  const verdict = middle <= target ? "holds" : "misses";
  const worst = Math.max(...values);
  console.log(
    `${what}: ${middle.toFixed(0)} ms (worst of ${values.length}: ${worst.toFixed(0)}), goal ${target} ms: ${verdict}`,
  );
}

/** From the start of the process to the first answer to a client. */
async function coldStart(): Promise<number> {
  const token = "0123456789abcdef0123";
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "dist/sidecar/refract.mjs"), "serve", "--child"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.write(`${JSON.stringify({ token })}\n`);
  const ready = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  const { port } = JSON.parse(ready) as { port: number };
  const client = new ProtocolClient({
    connect: () => openSocket(`ws://127.0.0.1:${port}`),
    ...{ token, name: "bench", retryDelays: [], onState: () => undefined },
  });
  await client.open();
  await client.request("server.info", {});
  const milliseconds = performance.now() - started;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  client.close("measured");
  child.stdin.end();
  await ended;
  return milliseconds;
}

type Painting = typeof globalThis & { paints: { changed: number; shown: number }[] };

/** Notes each change of the editor's text layers, and when the frame that shows it is out; in milliseconds since the epoch. */
async function watchPaints(page: Page): Promise<void> {
  await page.evaluate(() => {
    const paints: Painting["paints"] = [];
    (globalThis as Painting).paints = paints;
    const now = () => performance.timeOrigin + performance.now();
    const observer = new MutationObserver(() => {
      const changed = now();
      // A frame's callbacks come before it is painted; a message that is posted there comes after.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => paints.push({ changed, shown: now() });
        port2.postMessage(null);
      });
    });
    for (const layer of document.querySelectorAll(".monaco-editor .view-overlays, .monaco-editor .view-lines")) {
      observer.observe(layer, { subtree: true, childList: true, attributes: true, characterData: true });
    }
  });
}

/** When the first change after a time was on the screen. */
async function paintedAfter(page: Page, time: number): Promise<number> {
  const found = await page.waitForFunction(
    (from) => (globalThis as Painting).paints.find(({ changed }) => changed >= from)?.shown,
    time,
  );
  return (await found.jsonValue()) ?? Number.NaN;
}

/** What the time to the tints is made of, in milliseconds: `sidecar` is part of `inspection`, and `pass` of `sidecar`. */
interface Parts {
  command: number[];
  inspection: number[];
  sidecar: number[];
  pass: number[];
}

/** In the window: key press to tints, with the prompt changed each time, so that every press costs a pass. */
async function pressToTints(): Promise<{
  milliseconds: number[];
  painted: number[];
  parts: Parts;
  loading: number[];
  activation: number;
  ids: number[];
}> {
  const journey = await startJourney({
    // The press is to read the prompt, and not the pause after the edit.
    settings: { "refract.inspect.delay": 5000 },
    prepare: ({ folder }) => writeFile(join(folder, "bench.prompt.md"), `${TEXT}\n`),
  });
  try {
    const activation = await journey.host(async (vscode) => {
      const api = await vscode.extensions.getExtension("refract.refract")?.activate();
      const [uri] = await vscode.workspace.findFiles("bench.prompt.md");
      if (uri === undefined) throw new Error("no prompt");
      await vscode.window.showTextDocument(uri, { preview: false });
      await vscode.commands.executeCommand("refract.inspect", uri, 0);
      return api.activationMilliseconds as number;
    });
    // The bundle once more, compiled anew, in the process that loads it for a user.
    const loading = await journey.host((vscode) => {
      const main = vscode.Uri.joinPath(
        vscode.extensions.getExtension("refract.refract")?.extensionUri as never,
        "dist/extension/activate.cjs",
      );
      const load = process.getBuiltinModule("node:module").createRequire(main.fsPath);
      return Array.from({ length: 7 }, () => {
        delete load.cache[main.fsPath];
        const started = performance.now();
        load(main.fsPath);
        return performance.now() - started;
      });
    });
    const { page } = journey.window;
    await page.locator(".monaco-editor .view-line").first().click();
    await watchPaints(page);
    await setTimeout(SETTLING_MS);
    const milliseconds: number[] = [];
    const painted: number[] = [];
    const parts: Parts = { command: [], inspection: [], sidecar: [], pass: [] };
    let ids: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      // Another first letter: the same length, and a pass that no cache has.
      await journey.host(async (vscode, letter) => {
        const api = vscode.extensions.getExtension("refract.refract")?.exports;
        const editor = vscode.window.activeTextEditor;
        await editor?.edit((builder) => builder.replace(new vscode.Range(0, 0, 0, 1), letter));
        const state = globalThis as typeof globalThis & { drawnAt?: Promise<number>; startedAt?: number };
        const now = () => performance.timeOrigin + performance.now();
        const watching = api.inspections.onDidChange(({ kind }: { kind: string }) => {
          if (kind === "started") state.startedAt = now();
        });
        state.drawnAt = new Promise((resolve) => {
          const drawing = api.view.onDidDraw(({ at }: { at: number }) => {
            if (api.inspections.of(editor?.document.uri)[0].stale) return;
            drawing.dispose();
            watching.dispose();
            resolve(performance.timeOrigin + at);
          });
        });
      }, LETTERS[run] ?? "Z");
      await setTimeout(BETWEEN_MS);
      const pressed = performance.timeOrigin + performance.now();
      await page.keyboard.press("Control+Alt+i");
      const drawn = await journey.host(() => (globalThis as typeof globalThis & { drawnAt?: Promise<number> }).drawnAt);
      milliseconds.push((drawn ?? Number.NaN) - pressed);
      painted.push((await paintedAfter(page, drawn ?? Number.NaN)) - pressed);
      const [told, started] = await journey.host((vscode) => {
        const api = vscode.extensions.getExtension("refract.refract")?.exports;
        const { inspection } = api.inspections.of(vscode.window.activeTextEditor?.document.uri)[0];
        const { startedAt } = globalThis as typeof globalThis & { startedAt: number };
        return [
          inspection as { ledger: { ids: number[] }; milliseconds: number; forwardMilliseconds: number },
          startedAt,
        ] as const;
      });
      ({ ids } = told.ledger);
      parts.command.push(started - pressed);
      parts.inspection.push((drawn ?? Number.NaN) - started);
      parts.sidecar.push(told.milliseconds);
      parts.pass.push(told.forwardMilliseconds);
    }
    return { milliseconds, painted, parts, loading, activation, ids };
  } finally {
    await journey.end();
  }
}

console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; VS Code's extension host on Node, not Electron`,
);
const starts: number[] = [];
for (let i = 0; i < 7; i++) starts.push(await coldStart());
line("sidecar, cold start to its first answer", starts, 1500);
const { milliseconds, painted, parts, loading, activation, ids } = await pressToTints();
const tokens = ids.length;
line(
  "extension, loading its bundle and activate()",
  loading.map((time) => time + activation),
  50,
);
line(`inspection of ${tokens} tokens, key press to setDecorations`, milliseconds, 150);
line("the same, key press to the painted frame", painted, 300);
const part = (values: readonly number[]) => `${median(values).toFixed(0)} ms`;
console.log(
  `of which: key press to the command ${part(parts.command)}, from there to the tints ${part(parts.inspection)} (in the sidecar ${part(parts.sidecar)}, of them the pass ${part(parts.pass)})`,
);
const bare = await UntouchedModel.load(cutModel(DEMO));
await bare.pass([ids]);
const passes: number[] = [];
for (let i = 0; i < RUNS; i++) passes.push(await timed(() => bare.pass([ids])));
await bare.release();
console.log(
  `bare forward pass over the same ${tokens} tokens: ${median(passes).toFixed(1)} ms; key press to tints is ${(median(milliseconds) / median(passes)).toFixed(1)} times that`,
);
