import * as vscode from "vscode";
import type { MeasuredDictionary } from "../../shared/protocol/dictionary-messages.ts";
import type { OpenModel } from "../../shared/protocol/model-messages.ts";
import type { DictionaryTrust } from "../dictionaries/dictionary-trust.ts";
import { measuredLine, suiteLine } from "../dictionaries/trust-words.ts";
import { Disposable } from "../disposable.ts";
import { type Models, modelName } from "./models.ts";

/** A model, or one line of what is known of it. */
type Node =
  | { kind: "model"; model: OpenModel }
  | { kind: "fact"; label: string; value: string; warning: boolean }
  | { kind: "suite"; model: string; dictionaries: readonly MeasuredDictionary[] }
  | { kind: "dictionary"; dictionary: MeasuredDictionary; confirmed: boolean };

function facts({ description }: OpenModel): Node[] {
  const fact = (label: string, value: string): Node => ({ kind: "fact", label, value, warning: false });
  const { blocks } = description;
  return [
    fact("Architecture", `${description.architecture}, written by ${description.exporter}`),
    fact("Layers", `${description.layers}, d_model ${description.dModel}, vocabulary ${description.vocabSize}`),
    fact(
      "Hook points",
      `${description.hookPoints.length}, ${description.hookPoints[0]} to ${description.hookPoints.at(-1)}`,
    ),
    fact("Blocks", `${blocks.length}: ${blocks.map(([first, last]) => `${first}\u2013${last}`).join(", ")}`),
    fact("Precision", `${description.precision}, KV cache ${description.kv}`),
    fact("Provider", description.provider),
    fact(
      "Context",
      description.contextLength === null ? "not said by its configuration" : `${description.contextLength} tokens`,
    ),
    ...description.warnings.map((warning): Node => ({ kind: "fact", label: "Warning", value: warning, warning: true })),
  ];
}

/** The models that are loaded, each with what `inspect-model` knows of it. */
export class ModelsView extends Disposable implements vscode.TreeDataProvider<Node> {
  readonly #models: Models;
  readonly #trust: DictionaryTrust;
  readonly #changed = this.register(new vscode.EventEmitter<undefined>());

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(models: Models, trust: DictionaryTrust) {
    super();
    this.#models = models;
    this.#trust = trust;
    this.register(trust.onDidChange(() => this.#changed.fire(undefined)));
    this.register(models.onDidChange(() => this.#changed.fire(undefined)));
    this.register(vscode.window.registerTreeDataProvider("refract.models", this));
  }

  getChildren(node?: Node): Node[] {
    if (node === undefined) return this.#models.loaded.map((model) => ({ kind: "model", model }));
    if (node.kind === "model") {
      const { path } = node.model;
      const dictionaries = this.#trust.of(path);
      const suite: Node[] = dictionaries.length === 0 ? [] : [{ kind: "suite", model: path, dictionaries }];
      return [...facts(node.model), ...suite];
    }
    if (node.kind !== "suite") return [];
    return node.dictionaries.map((dictionary) => ({
      kind: "dictionary",
      dictionary,
      confirmed: this.#trust.isConfirmed(node.model, dictionary),
    }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node.kind === "model") {
      const item = new vscode.TreeItem(modelName(node.model.path), vscode.TreeItemCollapsibleState.Expanded);
      item.description = node.model.path === "demo" ? "ships with Refract" : node.model.path;
      item.contextValue = "openModel";
      item.iconPath = new vscode.ThemeIcon("circuit-board");
      return item;
    }
    if (node.kind === "suite") return suiteItem(node.dictionaries);
    if (node.kind === "dictionary") return dictionaryItem(node.dictionary, node.confirmed);
    const item = new vscode.TreeItem(node.label);
    item.description = node.value;
    item.tooltip = `${node.label}: ${node.value}`;
    if (node.warning) item.iconPath = new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"));
    return item;
  }
}

function suiteItem(dictionaries: readonly MeasuredDictionary[]): vscode.TreeItem {
  const untrusted = dictionaries.some(({ reasons }) => reasons.length > 0);
  const { Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem("Dictionaries", untrusted ? Expanded : Collapsed);
  item.description = suiteLine(dictionaries);
  item.iconPath = badge(untrusted);
  return item;
}

/** A dictionary with its badge: what was measured, and in the tooltip why it can't be trusted. */
function dictionaryItem(dictionary: MeasuredDictionary, confirmed: boolean): vscode.TreeItem {
  const { reads, writes, path, reasons } = dictionary;
  const item = new vscode.TreeItem(reads === writes ? reads : `${reads} to ${writes}`);
  const untrusted = reasons.length > 0;
  const what = measuredLine(dictionary);
  const cpu = dictionary.fallback === null ? [] : [`Encoded on the CPU: ${dictionary.fallback}.`];
  item.description = untrusted ? `${confirmed ? "confirmed, " : ""}${reasons.join("; ")}` : what;
  item.tooltip = [path, what, ...reasons.map((reason) => `Not trusted: ${reason}.`), ...cpu].join("\n");
  item.iconPath = badge(untrusted);
  return item;
}

function badge(untrusted: boolean): vscode.ThemeIcon {
  return untrusted
    ? new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"))
    : new vscode.ThemeIcon("verified");
}

/** The path of the model that a command of the view was called on. */
export function modelOfNode(node: unknown): string | null {
  const candidate = node as { kind?: unknown; model?: { path?: unknown } } | undefined;
  return candidate?.kind === "model" && typeof candidate.model?.path === "string" ? candidate.model.path : null;
}
