import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { prepareVsCode, SERVER_MAIN } from "./prepare.ts";

export interface VsCodeServer {
  port: number;
  /** Where this server keeps extensions and settings. */
  dataFolder: string;
  log: string[];
  close(): Promise<void>;
}

const START_MS = 60_000;

function whenListening(child: ChildProcess, log: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`VS Code's server did not start:\n${log.join("")}`)), START_MS);
    const hear = (chunk: Buffer) => {
      log.push(chunk.toString());
      const port = /Extension host agent listening on (\d+)/.exec(log.join(""))?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`VS Code's server ended with code ${code}:\n${log.join("")}`)));
  });
}

/** The folder of another extension, which contributes a plugin. */
export const CONTRIBUTING = join(import.meta.dirname, "contributing-extension");

export interface ServerOptions {
  /** False keeps workspace trust on, so that a folder opens restricted. */
  trust: boolean;
  /** Folder with installed extensions; a fresh one where absent. */
  extensions?: string;
  /** Folders of extensions that are installed there before. A window can load but one extension from where it is developed. */
  install?: readonly string[];
}

/** Starts VS Code's own server on loopback. */
export async function startVsCodeServer(options: ServerOptions): Promise<VsCodeServer> {
  prepareVsCode();
  const dataFolder = await mkdtemp(join(tmpdir(), "refract-vscode-"));
  const extensions = options.extensions ?? join(dataFolder, "extensions");
  for (const folder of options.install ?? []) {
    await cp(folder, join(extensions, basename(folder)), { recursive: true });
  }
  const args = [
    SERVER_MAIN,
    ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms"],
    ...["--enable-smoke-test-driver", "--server-data-dir", dataFolder, "--telemetry-level", "off"],
    ...(options.trust ? ["--disable-workspace-trust"] : []),
    ...["--extensions-dir", extensions],
  ];
  const log: string[] = [];
  // Its own process group: VS Code's server leaves its extension hosts running for a while when it is ended alone.
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const port = await whenListening(child, log);
  return {
    port,
    dataFolder,
    log,
    async close() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.pid !== undefined && child.exitCode === null) {
        process.kill(-child.pid, "SIGTERM");
        await ended;
      }
      await rm(dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
