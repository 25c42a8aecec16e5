/** An extension of its own in the extension host: lets a journey evaluate functions against the `vscode` API of the window that it drives. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import * as vscode from "vscode";

/** The workspace holds the port to listen on, since a window's extension host has no arguments of its own. */
function bridgePort(): number {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  return Number(readFileSync(`${folder}/.vscode/bridge-port`, "utf8"));
}

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
  ...parts: string[]
) => (api: typeof vscode, argument: unknown) => Promise<unknown>;

/** A window that VS Code takes for a test of an extension (`--extensionTestsPath`) answers its own dialogs: journeys need them to be asked. */
export function activate(context: vscode.ExtensionContext): void {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      try {
        const { source, argument } = JSON.parse(Buffer.concat(chunks).toString()) as {
          source: string;
          argument: unknown;
        };
        const evaluate = new AsyncFunction("vscode", "argument", `return (${source})(vscode, argument);`);
        response.end(JSON.stringify({ value: (await evaluate(vscode, argument)) ?? null }));
      } catch (error) {
        response.end(
          JSON.stringify({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
        );
      }
    });
  });
  server.listen(bridgePort(), "127.0.0.1");
  context.subscriptions.push({ dispose: () => server.close() });
}
