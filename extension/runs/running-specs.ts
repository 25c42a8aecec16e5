import { basename } from "node:path";
import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import type { RunEvent } from "../../shared/protocol/run-messages.ts";
import type { DictionaryTrust } from "../dictionaries/dictionary-trust.ts";
import { Disposable } from "../disposable.ts";
import type { Models } from "../models/models.ts";

interface RunningSpec {
  folder: string | null;
  progress: string;
}

/** The runs that go on now, each with its progress in the notification area, where it can be stopped. */
export class RunningSpecs extends Disposable {
  readonly #models: Models;
  readonly #trust: DictionaryTrust;
  readonly #log: vscode.LogOutputChannel;
  readonly #running = new Map<string, RunningSpec>();
  readonly #changed = this.register(new vscode.EventEmitter<void>());

  readonly onDidChange = this.#changed.event;

  constructor(models: Models, trust: DictionaryTrust, log: vscode.LogOutputChannel) {
    super();
    this.#models = models;
    this.#trust = trust;
    this.#log = log;
  }

  /** How far the run in a folder is, in words; `null` where none goes on there. */
  progressOf(folder: string): string | null {
    return [...this.#running.values()].find((running) => running.folder === folder)?.progress ?? null;
  }

  /** Runs a spec, or its experiments from one on; resolves with the run folder. `onFolder` is called as soon as there is one. */
  async run(spec: string, from: string | undefined, onFolder: (folder: string) => void): Promise<string> {
    if (this.#running.has(spec)) throw refused(`${basename(spec)} runs already.`);
    const running: RunningSpec = { folder: null, progress: "starting" };
    this.#running.set(spec, running);
    this.#changed.fire();
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Refract: ${basename(spec)}`,
      cancellable: true,
    };
    try {
      return await vscode.window.withProgress(options, (report, cancellation) =>
        this.#stream(spec, from, running, report, cancellation, onFolder),
      );
    } finally {
      this.#running.delete(spec);
      this.#changed.fire();
    }
  }

  async #stream(
    spec: string,
    from: string | undefined,
    running: RunningSpec,
    report: vscode.Progress<{ message?: string; increment?: number }>,
    cancellation: vscode.CancellationToken,
    onFolder: (folder: string) => void,
  ): Promise<string> {
    const client = await this.#models.client();
    const controller = new AbortController();
    cancellation.onCancellationRequested(() => controller.abort());
    let shown = 0;
    const onEvent = (event: RunEvent) => {
      if (event.type === "folder") {
        running.folder = event.path;
        onFolder(event.path);
      } else if (event.type === "warning") {
        this.#log.warn(event.sentence);
      } else {
        this.#log.info(`${event.experiment}: ${event.status}. ${event.sentences.join(" ")}`);
      }
      this.#changed.fire();
    };
    const confirmedDictionaries = await this.#trust.confirmed({ kind: "spec", path: spec }, null, controller.signal);
    const params = { spec, from, resume: null, confirmedDictionaries };
    const { folder } = await client.stream("run", params, onEvent, {
      signal: controller.signal,
      onProgress: ({ stage, fraction }) => {
        const percent = fraction === null ? shown : fraction * 100;
        running.progress = `${Math.floor(percent)}%, ${stage}`;
        report.report({ message: stage, increment: percent - shown });
        shown = percent;
      },
    });
    return folder;
  }
}
