import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import type { Models } from "../models/models.ts";

const SPECS: vscode.DocumentSelector = [{ scheme: "file", pattern: "**/*.refract.yaml" }];

/** Completes specs: keys, kinds, choices and names. What there is, plugins' kinds too, is the sidecar's knowledge; asking for it starts one. */
export class SpecCompletion extends Disposable implements vscode.CompletionItemProvider {
  readonly #models: Models;

  constructor(models: Models) {
    super();
    this.#models = models;
    this.register(vscode.languages.registerCompletionItemProvider(SPECS, this, " ", "{", "[", ","));
  }

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.CompletionItem[]> {
    // A spec's plugins are code of the workspace.
    if (!vscode.workspace.isTrusted) return [];
    const client = await this.#models.client();
    const { items } = await client.request("spec.complete", {
      path: document.uri.fsPath,
      text: document.getText(),
      offset: document.offsetAt(position),
    });
    return items.map(({ label, kind, describe }) => {
      const kinds = vscode.CompletionItemKind;
      const item = new vscode.CompletionItem(label, kind === "key" ? kinds.Property : kinds.EnumMember);
      item.insertText = kind === "key" ? `${label}: ` : label;
      if (describe !== "") item.documentation = describe;
      return item;
    });
  }
}
