import { createInterface } from "node:readline";
import type { Command } from "commander";
import { z } from "zod";
import { refused } from "../../shared/errors.ts";
import { Application } from "../application/application.ts";
import { OpenPlugins } from "../application/open-plugins.ts";
import { productVersion } from "../application/product-version.ts";
import { handlersFor } from "../server/handlers.ts";
import { startServer } from "../server/server.ts";
import { newToken } from "../server/token.ts";
import { addModelOptions, type ModelOptions, say } from "./model-options.ts";

interface ServeOptions extends ModelOptions {
  port: number;
  host: string;
  child?: boolean;
}

const HEARTBEAT_MS = 10_000;

/** How long a lost client's work goes on: a laptop's lid, a tunnel that is opened again. */
const KEEP_MS = 120_000;

const firstLine = z.object({ token: z.string().min(16) });

/** What VS Code gives a sidecar of its own: the token in the first line of stdin, and the end of stdin when it is over. */
async function underParent(ended: () => void): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  const token = await new Promise<string>((resolve, reject) => {
    lines.once("line", (line) => {
      const parsed = firstLine.safeParse(parseJson(line));
      if (parsed.success) resolve(parsed.data.token);
      else
        reject(refused('serve --child: the first line of stdin must be {"token": "..."} with 16 characters or more.'));
    });
    lines.once("close", () => reject(refused("serve --child: stdin ended before it brought a token.")));
  });
  lines.once("close", ended);
  return token;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not JSON is not a token; the schema says so.
    return null;
  }
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw refused(`--port: found "${text}", expected 0 to 65535.`);
  return value;
}

/** `refract serve`: the WebSocket server. */
export function addServeCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("serve")
    .description("Serve models to editors over a WebSocket; prints one JSON line with the port and the token.")
    .option("--port <n>", "port to listen on; 0 takes a free one", port, 0)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--child", "take the token from the first line of stdin, and end when stdin does");
  addModelOptions(command).action(async (options: ServeOptions) => {
    const over = Promise.withResolvers<void>();
    const token = process.env.REFRACT_TOKEN ?? (options.child ? await underParent(over.resolve) : newToken());
    const version = productVersion();
    const { provider, threads = null, blocks = null } = options;
    const application = new Application({ provider, threads, blocks, resolve });
    const plugins = new OpenPlugins();
    const server = await startServer({
      ...{ host: options.host, port: options.port, token, version },
      handlers: handlersFor({ application, plugins, version }),
      log: say,
      heartbeatMs: HEARTBEAT_MS,
      keepMs: KEEP_MS,
    });
    process.stdout.write(`${JSON.stringify({ port: server.port, token })}\n`);
    process.once("SIGINT", () => over.resolve());
    process.once("SIGTERM", () => over.resolve());
    await over.promise;
    await server.close();
    await plugins.close();
    await application.close();
    // Whatever still holds the process (a plugin's thread) must not outlive the client.
    process.exit(0);
  });
}
