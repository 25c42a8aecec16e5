import * as vscode from "vscode";
import type { z } from "zod";
import { checkMessage } from "../../shared/protocol/check-message.ts";
import { Disposable } from "../disposable.ts";
import { showProblem } from "../show-problem.ts";
import { pageHtml, pagesFolder } from "./page-html.ts";

export interface PanelKind<S extends z.ZodType> {
  /** `refract.heatmap`: also what VS Code restores the panel by. */
  viewType: string;
  /** The page's bundle. */
  page: string;
  title: string;
  /** What the page may say; loaded when it first speaks, since activation should not wait for schemas. */
  messages: () => Promise<S>;
  /** Whoever keeps several panels of a kind restores them. */
  several?: true;
}

/** One page beside the editor. Messages to it wait until it says that it listens; what comes from it is checked. */
export abstract class Panel<S extends z.ZodType, ToPage> extends Disposable implements vscode.WebviewPanelSerializer {
  protected readonly context: vscode.ExtensionContext;
  protected readonly log: vscode.LogOutputChannel;
  readonly #kind: PanelKind<S>;
  readonly #closed = this.register(new vscode.EventEmitter<void>());
  #panel: vscode.WebviewPanel | null = null;
  #listening = false;

  /** The user has closed the page. */
  readonly onDidClose = this.#closed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, kind: PanelKind<S>) {
    super();
    this.context = context;
    this.log = log;
    this.#kind = kind;
    if (kind.several !== true) this.register(vscode.window.registerWebviewPanelSerializer(kind.viewType, this));
  }

  override dispose(): void {
    this.#panel?.dispose();
    super.dispose();
  }

  get isOpen(): boolean {
    return this.#panel !== null;
  }

  /** The page is there again after a reload, and draws what it has saved by itself. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adopt(panel);
  }

  /** Shows the page beside the editor, without taking the focus. */
  show(): void {
    if (this.#panel !== null) {
      this.#panel.reveal(undefined, true);
      return;
    }
    const { viewType, title } = this.#kind;
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    // Kept alive while hidden: a picture of 84,000 cells is not posted anew with every change of tab.
    const panel = vscode.window.createWebviewPanel(viewType, title, column, { retainContextWhenHidden: true });
    this.adopt(panel);
  }

  protected get title(): string {
    return this.#panel?.title ?? "";
  }

  protected setTitle(title: string): void {
    if (this.#panel !== null) this.#panel.title = title;
  }

  protected send(message: ToPage): void {
    if (this.#panel === null || !this.#listening) return;
    void this.#panel.webview.postMessage(message);
  }

  /** The page listens: it is told everything that it needs to draw. */
  protected abstract ready(): void | Promise<void>;
  protected abstract receive(message: z.output<S>): void | Promise<void>;

  /** Takes a page that VS Code has made as its own. */
  adopt(panel: vscode.WebviewPanel): void {
    const { page, title, messages, viewType } = this.#kind;
    this.#panel?.dispose();
    this.#panel = panel;
    this.#listening = false;
    const extension = this.context.extensionUri;
    panel.webview.options = { enableScripts: true, localResourceRoots: [pagesFolder(extension)] };
    const icon = (theme: string) => vscode.Uri.joinPath(extension, "extension", "images", `refract-${theme}.svg`);
    panel.iconPath = { light: icon("light"), dark: icon("dark") };
    panel.webview.onDidReceiveMessage(async (raw: unknown) => {
      try {
        const message = checkMessage(await messages(), raw, `Message of the page ${viewType}`);
        if (isReady(message)) {
          this.#listening = true;
          await this.ready();
        } else {
          await this.receive(message);
        }
      } catch (error) {
        void showProblem(error, this.log);
      }
    });
    panel.onDidDispose(() => {
      if (this.#panel !== panel) return;
      this.#panel = null;
      this.#closed.fire();
    });
    panel.webview.html = pageHtml(panel.webview, extension, page, title);
  }
}

function isReady(message: unknown): boolean {
  return (message as { type?: unknown }).type === "ready";
}
