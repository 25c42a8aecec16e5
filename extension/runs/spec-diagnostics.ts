import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import type { Models } from "../models/models.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";

const REST_MS = 400;

/** Marks what is wrong in open specs. Which kinds and options there are is the sidecar's knowledge, so nothing is marked before one runs. */
export class SpecDiagnostics extends Disposable {
  readonly #sidecar: Sidecar;
  readonly #models: Models;
  readonly #log: vscode.LogOutputChannel;
  readonly #collection = this.register(vscode.languages.createDiagnosticCollection("refract-spec"));
  readonly #resting = new Map<string, NodeJS.Timeout>();

  constructor(sidecar: Sidecar, models: Models, log: vscode.LogOutputChannel) {
    super();
    this.#sidecar = sidecar;
    this.#models = models;
    this.#log = log;
    this.register(vscode.workspace.onDidOpenTextDocument((document) => this.#soon(document)));
    this.register(vscode.workspace.onDidChangeTextDocument(({ document }) => this.#soon(document)));
    this.register(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#collection.delete(uri)));
    this.register(
      sidecar.onDidChangeState(({ kind }) => {
        if (kind === "ready") for (const document of vscode.workspace.textDocuments) this.#soon(document);
      }),
    );
  }

  override dispose(): void {
    for (const timer of this.#resting.values()) clearTimeout(timer);
    super.dispose();
  }

  #soon(document: vscode.TextDocument): void {
    if (!document.uri.path.endsWith(".refract.yaml") || !this.#sidecar.running) return;
    const key = document.uri.toString();
    clearTimeout(this.#resting.get(key));
    const look = () => this.#look(document).catch((error: unknown) => this.#log.debug(`spec check: ${String(error)}`));
    this.#resting.set(key, setTimeout(look, REST_MS));
  }

  async #look(document: vscode.TextDocument): Promise<void> {
    const client = await this.#models.client();
    const { version } = document;
    const { problems } = await client.request("spec.check", { path: document.uri.fsPath, text: document.getText() });
    if (document.isClosed || document.version !== version) return;
    this.#collection.set(
      document.uri,
      problems.map(({ message, line, column, endLine, endColumn }) => {
        const range = new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
        const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
        diagnostic.source = "Refract";
        return diagnostic;
      }),
    );
  }
}
