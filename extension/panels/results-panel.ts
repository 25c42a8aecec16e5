import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import type { ResultDocument } from "../../shared/plugin/result-document.ts";
import type { FromResults, fromResultsSchema, ToResults } from "../../shared/protocol/pages/results-messages.ts";
import { findPromptOfRun } from "../prompts/find-prompt.ts";
import { readRunFolder } from "../runs/run-folders.ts";
import type { RunningSpecs } from "../runs/running-specs.ts";
import { sentenceOf } from "../show-problem.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { Panel } from "./panel.ts";
import { saveExport } from "./save-export.ts";

/** Which run was shown last, so that it is there again after a reload. */
const SHOWN_KEY = "refract.results.folder";

/** A run's results: the same page as the report, linked to the spec and the prompts behind each number. */
export class ResultsPanel extends Panel<typeof fromResultsSchema, ToResults> {
  readonly #sidecar: Sidecar;
  readonly #running: RunningSpecs;
  #folder: string | null;

  constructor(
    context: vscode.ExtensionContext,
    log: vscode.LogOutputChannel,
    { sidecar, running }: { sidecar: Sidecar; running: RunningSpecs },
  ) {
    super(context, log, {
      viewType: "refract.results",
      page: "results",
      title: "Results",
      messages: async () => (await import("../../shared/protocol/pages/results-messages.ts")).fromResultsSchema,
    });
    this.#sidecar = sidecar;
    this.#running = running;
    this.#folder = context.workspaceState.get<string | null>(SHOWN_KEY, null);
    this.register(running.onDidChange(() => void this.#sendDocument()));
  }

  async open(folder: string): Promise<void> {
    this.#folder = folder;
    await this.context.workspaceState.update(SHOWN_KEY, folder);
    this.show();
    await this.#sendDocument();
  }

  protected override ready(): Promise<void> {
    return this.#sendDocument();
  }

  protected override async receive(message: FromResults): Promise<void> {
    const folder = this.#folder;
    if (folder === null) throw refused("No run is shown.");
    switch (message.type) {
      case "ready":
        return;
      case "save-report": {
        const client = await this.#sidecar.client();
        const { html } = await client.request("run.report", { folder });
        await saveExport(`${basename(folder)}.html`, new TextEncoder().encode(html));
        return;
      }
      case "open-spec": {
        const run = await readRunFolder(folder);
        if (run === null) throw refused(`${folder} is not a run folder any more.`);
        await vscode.window.showTextDocument(vscode.Uri.file(run.spec), { viewColumn: vscode.ViewColumn.One });
        return;
      }
      case "open-prompt":
        await this.#openPrompt(message.id, folder);
    }
  }

  async #openPrompt(id: string, folder: string): Promise<void> {
    const run = await readRunFolder(folder);
    if (run === null) throw refused(`${folder} is not a run folder any more.`);
    const found = await findPromptOfRun(id, run.spec);
    if (found === null)
      throw refused(`No prompt file of ${basename(run.spec)} or this workspace holds the prompt "${id}".`);
    await vscode.window.showTextDocument(found.document, { viewColumn: vscode.ViewColumn.One, selection: found.range });
  }

  /** The document on disk; of a run that goes on, how far it is. */
  async #sendDocument(): Promise<void> {
    const folder = this.#folder;
    if (folder === null || !this.isOpen) return;
    const progress = this.#running.progressOf(folder);
    this.setTitle(`Results: ${basename(folder)}`);
    try {
      const document = JSON.parse(await readFile(join(folder, "document.json"), "utf8")) as ResultDocument;
      this.send({ type: "document", document });
      if (progress !== null) this.send({ type: "waiting", what: progress });
    } catch (error) {
      if (progress !== null) this.send({ type: "waiting", what: progress });
      else this.send({ type: "failed", message: `${folder} has no results yet (${sentenceOf(error)}).` });
    }
  }
}
