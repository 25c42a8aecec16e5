import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const MODEL = join(ROOT, "test", "fixtures", "models", "llama", "genai-fp32");
const LANES = 400;

/** A generation of several batches, in a process of its own as a user starts it. */
function start(): { child: ChildProcess; stdout: () => string; stderr: () => string } {
  const ids = Array.from({ length: LANES }, (_, i) => ["--ids", `5,6,${(i % 80) + 3}`]).flat();
  const args = [join(ROOT, "sidecar", "refract.ts"), "generate", MODEL, ...ids, "--max-new-tokens", "55", "--json"];
  const cache = mkdtempSync(join(tmpdir(), "refract-test-"));
  const child = spawn(process.execPath, args, {
    env: { ...process.env, REFRACT_CACHE: cache },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout?.on("data", (text) => {
    out += String(text);
  });
  child.stderr?.on("data", (text) => {
    err += String(text);
  });
  return { child, stdout: () => out, stderr: () => err };
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on("close", resolve));

function engineOf(child: ChildProcess): number {
  return Number(
    execFileSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" })
      .trim()
      .split("\n")[0],
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    return false;
  }
}

it("keeps what was finished and ends with 130 at an interrupt", async () => {
  const run = start();
  await expect.poll(run.stdout, { timeout: 60_000 }).toContain("\n");
  run.child.kill("SIGINT");
  expect(await ended(run.child)).toBe(130);
  const lines = run.stdout().trimEnd().split("\n");
  expect(lines.length).toBeLessThan(LANES);
  for (const line of lines) expect(JSON.parse(line).ids.length).toBeGreaterThan(0);
});

it("says that the engine died, and ends with 1", async () => {
  const run = start();
  await expect.poll(run.stdout, { timeout: 60_000 }).toContain("\n");
  process.kill(engineOf(run.child), "SIGKILL");
  expect(await ended(run.child)).toBe(1);
  expect(run.stderr()).toMatch(/engine process ended \(SIGKILL\)/);
});

it("leaves no engine behind when it is killed", async () => {
  const run = start();
  await expect.poll(run.stdout, { timeout: 60_000 }).toContain("\n");
  const engine = engineOf(run.child);
  expect(isAlive(engine)).toBe(true);
  run.child.kill("SIGKILL");
  await ended(run.child);
  await expect.poll(() => isAlive(engine), { timeout: 20_000 }).toBe(false);
});

it("ends without a word, and leaves no engine behind, when the reader of its output has seen enough", async () => {
  const run = start();
  await expect.poll(run.stdout, { timeout: 60_000 }).toContain("\n");
  const engine = engineOf(run.child);
  run.child.stdout?.destroy();
  expect(await ended(run.child)).toBe(0);
  expect(run.stderr()).not.toMatch(/EPIPE|\n\s+at /);
  await expect.poll(() => isAlive(engine), { timeout: 20_000 }).toBe(false);
});
