import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import { runsOfSpec } from "./run-folders.ts";
import type { RunningSpecs } from "./running-specs.ts";

const SPECS: vscode.DocumentSelector = [{ scheme: "file", pattern: "**/*.refract.yaml" }];

/** Where a spec's experiments stand: the line of `experiments:` and of each name under it. */
export async function experimentPlaces(
  text: string,
): Promise<{ all: number; each: { name: string; offset: number }[] } | null> {
  const { isMap, isScalar, parseDocument } = await import("yaml");
  const { contents } = parseDocument(text);
  if (!isMap(contents)) return null;
  const pair = contents.items.find(({ key }) => isScalar(key) && key.value === "experiments");
  if (pair === undefined || !isScalar(pair.key)) return null;
  const each = isMap(pair.value)
    ? pair.value.items.flatMap(({ key }) =>
        isScalar(key) ? [{ name: String(key.value), offset: key.range?.[0] ?? 0 }] : [],
      )
    : [];
  return { all: pair.key.range?.[0] ?? 0, each };
}

/** `Run` over a spec's experiments, `Run from here` over each but the first, and over each what the last run found. */
export class SpecLenses extends Disposable implements vscode.CodeLensProvider {
  readonly #changed = this.register(new vscode.EventEmitter<void>());

  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(running: RunningSpecs) {
    super();
    this.register(vscode.languages.registerCodeLensProvider(SPECS, this));
    this.register(running.onDidChange(() => this.#changed.fire()));
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => this.#changed.fire()));
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const places = await experimentPlaces(document.getText());
    if (places === null) return [];
    const at = (offset: number) => {
      const start = document.positionAt(offset);
      return new vscode.Range(start, start);
    };
    if (!vscode.workspace.isTrusted) {
      const title = "Run is off: this workspace is restricted";
      return [new vscode.CodeLens(at(places.all), { title, command: "workbench.trust.manage" })];
    }
    const [last] = (await runsOfSpec(document.uri.fsPath)).filter(({ summarised }) => summarised);
    const { uri } = document;
    const run = new vscode.CodeLens(at(places.all), {
      title: "$(play) Run",
      command: "refract.runExperiment",
      arguments: [uri],
    });
    // From the first on is all of them, which is Run.
    const later = places.each.slice(1).map(
      ({ name, offset }) =>
        new vscode.CodeLens(at(offset), {
          title: "$(play) Run from here",
          tooltip: `Run ${name} and the experiments after it`,
          command: "refract.runExperiment",
          arguments: [uri, name],
        }),
    );
    if (last === undefined) return [run, ...later];
    const show = { title: "Show last result", command: "refract.openRun", arguments: [last.folder] };
    const found = places.each.flatMap(({ name, offset }) => {
      const experiment = last.experiments.find((one) => one.name === name);
      if (experiment === undefined) return [];
      const title = experiment.verdicts[0] ?? experiment.status;
      return [new vscode.CodeLens(at(offset), { title, command: "refract.openRun", arguments: [last.folder] })];
    });
    return [run, new vscode.CodeLens(at(places.all), show), ...later, ...found];
  }
}
