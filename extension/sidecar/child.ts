import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { RefractError } from "../../shared/errors.ts";

export interface ChildOptions {
  /** VS Code's own runtime or the user's Node. */
  runtime: string;
  /** The sidecar's bundle. */
  script: string;
  args: readonly string[];
  log: (line: string) => void;
  /** Called once when the process has ended after it was ready; `why` says how. */
  onExit: (why: string) => void;
}

export interface RunningChild {
  url: string;
  token: string;
  pid: number;
  stop(): void;
}

/** How long a start may take before it counts as failed; a cold disk and a busy machine are slow. */
const START_MS = 30_000;

/** Variables of VS Code's own processes that would change how Node starts. */
const NOT_PASSED_ON = ["NODE_OPTIONS", "VSCODE_IPC_HOOK_CLI", "VSCODE_ESM_ENTRYPOINT"];

function environment(): NodeJS.ProcessEnv {
  const passed = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  return Object.fromEntries(Object.entries(passed).filter(([name]) => !NOT_PASSED_ON.includes(name)));
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
}

function whenReady(child: ChildProcess, runtime: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill();
      reject(new RefractError("failed", `The sidecar was not ready within ${START_MS / 1000} s.`));
    }, START_MS);
    const fail = (message: string, cause?: unknown) => {
      clearTimeout(timer);
      reject(new RefractError("failed", message, { cause }));
    };
    child.once("error", (error) => fail(`The sidecar could not be started with ${runtime}: ${error.message}.`, error));
    child.once("exit", (code, signal) => fail(`The sidecar did not start: ${howItEnded(code, signal)}.`));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      const port = /"port":(\d+)/.exec(line)?.[1];
      if (port === undefined) fail(`The sidecar said "${line}" instead of its port.`);
      else resolve(Number(port));
    });
  });
}

/**
 * Starts a sidecar as a child. Its token goes through stdin, which no other process can read; the same pipe ends it when VS Code ends,
 * however that happens: the system closes it.
 */
export async function startChild(options: ChildOptions): Promise<RunningChild> {
  const token = randomBytes(32).toString("base64url");
  const child = spawn(options.runtime, [options.script, "serve", "--child", ...options.args], {
    env: environment(),
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  child.stdin.on("error", (error) => options.log(`stdin of the sidecar: ${error.message}`));
  child.stdin.write(`${JSON.stringify({ token })}\n`);
  createInterface({ input: child.stderr }).on("line", options.log);
  const port = await whenReady(child, options.runtime);
  child.once("exit", (code, signal) => options.onExit(howItEnded(code, signal)));
  return {
    url: `ws://127.0.0.1:${port}`,
    token,
    pid: child.pid ?? -1,
    stop: () => child.stdin.end(),
  };
}
