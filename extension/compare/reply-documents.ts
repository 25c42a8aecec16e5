import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";

const SCHEME = "refract-reply";

/** Replies as read-only documents, for VS Code's own diff editor. */
export class ReplyDocuments extends Disposable implements vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  readonly #changed = this.register(new vscode.EventEmitter<vscode.Uri>());

  readonly onDidChange = this.#changed.event;

  constructor() {
    super();
    this.register(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.path) ?? "";
  }

  async diff(left: { name: string; text: string }, right: { name: string; text: string }): Promise<void> {
    const title = `${left.name} \u2194 ${right.name}`;
    await vscode.commands.executeCommand("vscode.diff", this.#put(left), this.#put(right), title);
  }

  #put({ name, text }: { name: string; text: string }): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.txt` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    return uri;
  }
}
