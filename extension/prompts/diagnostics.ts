import * as vscode from "vscode";
import type { PromptDiagnostic } from "../../shared/prompts/prompt.ts";
import { Disposable } from "../disposable.ts";
import type { PromptFiles } from "./prompt-files.ts";

const SEVERITIES: Record<PromptDiagnostic["severity"], vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

/** How long typing must rest before a file is looked at again. */
const REST_MS = 250;

/** Marks what is wrong in open prompt files. */
export class PromptDiagnostics extends Disposable {
  readonly #files: PromptFiles;
  readonly #collection = this.register(vscode.languages.createDiagnosticCollection("refract"));
  readonly #resting = new Map<vscode.TextDocument, NodeJS.Timeout>();

  constructor(files: PromptFiles) {
    super();
    this.#files = files;
    this.register(vscode.workspace.onDidOpenTextDocument((document) => this.#soon(document)));
    this.register(vscode.workspace.onDidChangeTextDocument(({ document }) => this.#soon(document)));
    this.register(vscode.workspace.onDidCloseTextDocument((document) => this.#forget(document)));
    this.register(files.onDidChangeKinds(() => this.#allSoon()));
    this.#allSoon();
  }

  override dispose(): void {
    for (const timer of this.#resting.values()) clearTimeout(timer);
    super.dispose();
  }

  #allSoon(): void {
    for (const document of vscode.workspace.textDocuments) this.#soon(document);
  }

  #soon(document: vscode.TextDocument): void {
    if (!this.#files.isPromptFile(document)) {
      if (this.#collection.has(document.uri)) this.#collection.delete(document.uri);
      return;
    }
    clearTimeout(this.#resting.get(document));
    this.#resting.set(
      document,
      setTimeout(() => void this.#look(document), REST_MS),
    );
  }

  async #look(document: vscode.TextDocument): Promise<void> {
    this.#resting.delete(document);
    if (document.isClosed) return;
    const { diagnostics } = await this.#files.parse(document);
    this.#collection.set(
      document.uri,
      diagnostics.map(({ severity, message, range }) => {
        const place = new vscode.Range(document.positionAt(range.start), document.positionAt(range.end));
        const diagnostic = new vscode.Diagnostic(place, message, SEVERITIES[severity]);
        diagnostic.source = "Refract";
        return diagnostic;
      }),
    );
  }

  #forget(document: vscode.TextDocument): void {
    clearTimeout(this.#resting.get(document));
    this.#resting.delete(document);
    this.#collection.delete(document.uri);
  }
}
