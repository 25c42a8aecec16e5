import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type * as vscode from "vscode";
import { BRIDGE, buildHost } from "./build-host.ts";
import { type SampleWorkspace, sampleWorkspace } from "./sample-workspace.ts";
import { startVsCodeServer, type VsCodeServer } from "./vscode-server.ts";
import { closeBrowser, openWindow, type VsCodeWindow } from "./vscode-window.ts";

type InHost<A, R> = (api: typeof vscode, argument: A) => R | PromiseLike<R>;

/** A window on a copy of the samples, which a test drives from both sides. */
export interface Journey {
  window: VsCodeWindow;
  workspace: SampleWorkspace;
  server: VsCodeServer;
  /** Evaluates a function in the extension host; it must not use anything from around it. */
  host<R, A = null>(run: InHost<A, R>, argument?: A): Promise<R>;
  reload(): Promise<void>;
  /** Loads the window anew where its extension host can't be asked to any more. */
  reopen(): Promise<void>;
  end(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function call(port: number, source: string, argument: unknown): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    body: JSON.stringify({ source, argument }),
  });
  const answer = (await response.json()) as { value?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(`In the extension host: ${answer.error}`);
  return answer.value;
}

/** Waits until the bridge in the (new) extension host answers. */
async function bridged(port: number): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      await call(port, "() => true", null);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

export interface JourneyOptions {
  settings?: Record<string, unknown>;
  trust?: boolean;
  /** Runs before the window opens. */
  prepare?: (workspace: SampleWorkspace) => Promise<void>;
  width?: number;
  height?: number;
}

export async function startJourney(options: JourneyOptions = {}): Promise<Journey> {
  await buildHost();
  const workspace = await sampleWorkspace();
  const port = await freePort();
  await mkdir(join(workspace.folder, ".vscode"), { recursive: true });
  await writeFile(join(workspace.folder, ".vscode", "bridge-port"), String(port));
  await workspace.configure(options.settings ?? {});
  await options.prepare?.(workspace);
  const server = await startVsCodeServer({ trust: options.trust ?? true, install: [BRIDGE] });
  const { folder } = workspace;
  const size = { width: options.width ?? 1400, height: options.height ?? 900 };
  const open = async () => {
    const opened = await openWindow({ server, folder, tests: null, development: true, ...size });
    await bridged(port);
    return opened;
  };
  const window = await open().catch(async (error: unknown) => {
    // A window that doesn't come up must not leave its server behind.
    await closeBrowser();
    await server.close();
    await workspace.remove();
    throw error;
  });
  return {
    window,
    workspace,
    server,
    host: async <R, A>(run: InHost<A, R>, argument?: A) => (await call(port, run.toString(), argument ?? null)) as R,
    async reload() {
      // VS Code's own way, which writes down what it must find again; the bridge ends with its extension host, without an answer.
      const loaded = window.page.waitForEvent("load", { timeout: 120_000 });
      const command = `(vscode) => void vscode.commands.executeCommand("workbench.action.reloadWindow")`;
      await call(port, command, null).catch(() => undefined);
      await loaded;
      await window.page.locator(".monaco-workbench").waitFor();
      await bridged(port);
    },
    async reopen() {
      await window.page.reload();
      await window.page.locator(".monaco-workbench").waitFor();
      await bridged(port);
    },
    async end() {
      await window.close();
      await closeBrowser();
      await server.close();
      await workspace.remove();
    },
  };
}
