import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import type { PromptFiles } from "./prompt-files.ts";

/** Keeps the context key `refract.promptFile`, which the keys of Inspect and the heatmap wait for: whether the active editor shows a prompt file. */
export class PromptContext extends Disposable {
  readonly #files: PromptFiles;

  constructor(files: PromptFiles) {
    super();
    this.#files = files;
    this.register(vscode.window.onDidChangeActiveTextEditor(() => this.#tell()));
    this.register(files.onDidChangeKinds(() => this.#tell()));
    this.#tell();
  }

  #tell(): void {
    const document = vscode.window.activeTextEditor?.document;
    const shown = document !== undefined && this.#files.isPromptFile(document);
    void vscode.commands.executeCommand("setContext", "refract.promptFile", shown);
  }
}
