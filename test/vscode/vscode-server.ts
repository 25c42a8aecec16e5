import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/**
 * Starts VS Code's own server on loopback.
 *
 * @param trust false keeps workspace trust on, so that a folder opens restricted.
 * @param extensions folder with installed extensions; a fresh one where absent.
 */
export async function startVsCodeServer(options: { trust: boolean; extensions?: string }): Promise<VsCodeServer> {
  prepareVsCode();
  const dataFolder = await mkdtemp(join(tmpdir(), "refract-vscode-"));
  const args = [
    SERVER_MAIN,
    ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms"],
    ...["--enable-smoke-test-driver", "--server-data-dir", dataFolder, "--telemetry-level", "off"],
    ...(options.trust ? ["--disable-workspace-trust"] : []),
    ...(options.extensions === undefined ? [] : ["--extensions-dir", options.extensions]),
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
