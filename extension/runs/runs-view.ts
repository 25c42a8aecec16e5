import { basename } from "node:path";
import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import { findRuns, type RunFolder } from "./run-folders.ts";
import type { RunningSpecs } from "./running-specs.ts";

type Node =
  | { kind: "run"; run: RunFolder }
  | { kind: "experiment"; run: RunFolder; name: string; describe: string; verdicts: readonly string[] };

/** How long the disk rests before the list is read again. */
const REST_MS = 500;

/** The workspace's runs, newest first, each with its experiments and their verdicts. */
export class RunsView extends Disposable implements vscode.TreeDataProvider<Node> {
  readonly #running: RunningSpecs;
  readonly #changed = this.register(new vscode.EventEmitter<undefined>());
  #resting: NodeJS.Timeout | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(running: RunningSpecs) {
    super();
    this.#running = running;
    this.register(vscode.window.registerTreeDataProvider("refract.runs", this));
    const summaries = this.register(vscode.workspace.createFileSystemWatcher("**/runs/*/{manifest,summary}.json"));
    for (const event of [summaries.onDidChange, summaries.onDidCreate, summaries.onDidDelete]) {
      this.register(event(() => this.#soon()));
    }
    this.register(running.onDidChange(() => this.refresh()));
  }

  override dispose(): void {
    clearTimeout(this.#resting);
    super.dispose();
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node === undefined) return (await findRuns()).map((run) => ({ kind: "run", run }));
    if (node.kind === "experiment") return [];
    return node.run.experiments.map(({ name, kind, status, verdicts }) => ({
      kind: "experiment",
      run: node.run,
      name,
      describe: verdicts[0] ?? (status === "done" ? kind : `${kind}, ${status}`),
      verdicts,
    }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === "run" ? this.#runItem(node.run) : experimentItem(node);
  }

  #runItem(run: RunFolder): vscode.TreeItem {
    const item = new vscode.TreeItem(basename(run.spec), vscode.TreeItemCollapsibleState.Collapsed);
    const progress = this.#running.progressOf(run.folder);
    item.description =
      progress ?? `${run.model}, ${run.started.toLocaleString()}${run.summarised ? "" : ", unfinished"}`;
    item.tooltip = run.folder;
    item.contextValue = progress === null ? "run" : "runningRun";
    item.iconPath = new vscode.ThemeIcon(progress === null ? (run.summarised ? "graph" : "history") : "loading~spin");
    item.command = { title: "Open Run", command: "refract.openRun", arguments: [run.folder] };
    return item;
  }

  #soon(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.refresh(), REST_MS);
  }
}

function experimentItem({ run, name, describe, verdicts }: Extract<Node, { kind: "experiment" }>): vscode.TreeItem {
  const item = new vscode.TreeItem(name);
  item.description = describe;
  item.tooltip = verdicts.length > 0 ? verdicts.join("\n") : describe;
  item.command = { title: "Open Run", command: "refract.openRun", arguments: [run.folder] };
  return item;
}
