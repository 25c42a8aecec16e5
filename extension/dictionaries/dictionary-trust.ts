import * as vscode from "vscode";
import { RefractError } from "../../shared/errors.ts";
import { evenly } from "../../shared/prompts/evenly.ts";
import { lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { MeasuredDictionary } from "../../shared/protocol/dictionary-messages.ts";
import type { ParamsOf } from "../../shared/protocol/interface.ts";
import { Disposable } from "../disposable.ts";
import { featureSources } from "../features/feature-sources.ts";
import type { Inspections } from "../inspect/inspections.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import { readSettings } from "../settings.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { confirmationQuestion } from "./trust-words.ts";

/** Untrusted dictionaries that the user edits by all the same, each with its model, kept per workspace. */
const CONFIRMED_KEY = "refract.confirmedDictionaries";
const EDIT_ANYWAY = "Edit Anyway";

/** Prompts of a file that dictionaries are measured on. */
const MOST_PROMPTS = 16;
/** A model's suite is measured once its first prompt has been read and looked at, so that nothing waits for it. */
const REST_MS = 1500;

type Source = ParamsOf<"dictionaries.trust">["of"];

/** How far dictionaries can be trusted on the models at hand, and which of the untrusted ones the user has confirmed. */
export class DictionaryTrust extends Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #sidecar: Sidecar;
  readonly #files: PromptFiles;
  readonly #log: vscode.LogOutputChannel;
  readonly #measured = new Map<string, Map<string, MeasuredDictionary>>();
  /** Models and suites that were asked for. */
  readonly #asked = new Set<string>();
  readonly #changed = this.register(new vscode.EventEmitter<void>());
  #rest: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(
    context: vscode.ExtensionContext,
    sidecar: Sidecar,
    files: PromptFiles,
    inspections: Inspections,
    log: vscode.LogOutputChannel,
  ) {
    super();
    this.#context = context;
    this.#sidecar = sidecar;
    this.#files = files;
    this.#log = log;
    this.register({ dispose: () => clearTimeout(this.#rest) });
    this.register(
      inspections.onDidChange((event) => {
        if (event.kind === "read") this.#measureLater(event.inspected.uri);
      }),
    );
    this.register(
      vscode.workspace.onDidChangeConfiguration((event) => {
        const open = vscode.window.activeTextEditor?.document.uri;
        if (
          open !== undefined &&
          event.affectsConfiguration("refract.dictionaries", open) &&
          inspections.of(open).length > 0
        )
          this.#measureLater(open);
      }),
    );
    this.register(
      sidecar.onDidLose(() => {
        this.#asked.clear();
        this.#measured.clear();
        this.#changed.fire();
      }),
    );
  }

  /** What was measured on a model, in the order in which it was. */
  of(model: string): readonly MeasuredDictionary[] {
    return [...(this.#measured.get(model)?.values() ?? [])];
  }

  isConfirmed(model: string, { path }: MeasuredDictionary): boolean {
    return this.#confirmed().includes(confirmation(model, path));
  }

  /** Paths of the dictionaries that the user edits by on a model although they are untrusted. */
  confirmedOf(model: string): string[] {
    const start = confirmation(model, "");
    return this.#confirmed().flatMap((one) => (one.startsWith(start) ? [one.slice(start.length)] : []));
  }

  /** Measures dictionaries on a document's prompts before they are used. What can't be measured, whoever uses them says. */
  async measureFor(of: Source, document: vscode.TextDocument, signal: AbortSignal): Promise<void> {
    try {
      await this.#measure(of, document, signal);
    } catch (error) {
      if (!signal.aborted) this.#log.warn(`dictionaries could not be measured before their use: ${String(error)}`);
    }
  }

  /**
   * Measures the dictionaries that conditions or a spec edit by, and asks about those that are untrusted and not confirmed yet.
   * Gives the paths of the confirmed ones; throws `untrusted-dictionary` where the user does not confirm.
   */
  async confirmed(of: Source, document: vscode.TextDocument | null, signal?: AbortSignal): Promise<string[]> {
    const { model, dictionaries } = await this.#measure(of, document, signal);
    const untrusted = dictionaries.filter(({ reasons }) => reasons.length > 0);
    const open = untrusted.filter((dictionary) => !this.isConfirmed(model, dictionary));
    if (open.length > 0) {
      const { message, detail } = confirmationQuestion(open);
      const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, EDIT_ANYWAY);
      if (answer !== EDIT_ANYWAY) throw new RefractError("untrusted-dictionary", `${message} ${detail}`);
      const all = new Set([...this.#confirmed(), ...open.map(({ path }) => confirmation(model, path))]);
      await this.#context.workspaceState.update(CONFIRMED_KEY, [...all]);
      this.#changed.fire();
    }
    return untrusted.map(({ path }) => path);
  }

  #confirmed(): readonly string[] {
    return this.#context.workspaceState.get<string[]>(CONFIRMED_KEY, []);
  }

  async #measure(of: Source, document: vscode.TextDocument | null, signal?: AbortSignal) {
    const client = await this.#sidecar.client();
    const prompts = document === null ? [] : await this.#sample(document);
    const options = signal === undefined ? {} : { signal };
    const { model, dictionaries } = await client.request("dictionaries.trust", { of, prompts }, options);
    const known = this.#measured.get(model) ?? new Map<string, MeasuredDictionary>();
    for (const each of dictionaries) known.set(`${each.path} ${each.reads}`, each);
    if (dictionaries.length > 0) this.#measured.set(model, known);
    this.#changed.fire();
    return { model, dictionaries };
  }

  /** Prompts of a document, evenly from all of it. */
  async #sample(document: vscode.TextDocument) {
    const { prompts } = await this.#files.parse(document);
    const lineStarts = lineStartsOf(document.getText());
    return evenly(prompts, MOST_PROMPTS).map(({ messages }) => ({ messages, lineStarts }));
  }

  #measureLater(uri: vscode.Uri): void {
    const { model } = readSettings(uri);
    const { dictionaries: path } = featureSources(uri);
    const asked = `${model}\n${path ?? ""}`;
    if (this.#asked.has(asked)) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#asked.add(asked);
      const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
      if (document === undefined) return;
      this.#measure({ kind: "folder", model, path }, document).catch((error: unknown) =>
        this.#log.warn(`the dictionaries of ${model} could not be measured: ${String(error)}`),
      );
    }, REST_MS);
  }
}

function confirmation(model: string, path: string): string {
  return `${model}\n${path}`;
}
