import * as vscode from "vscode";
import { Commands } from "./commands.ts";
import { ReplyDocuments } from "./compare/reply-documents.ts";
import { DictionaryTrust } from "./dictionaries/dictionary-trust.ts";
import { FeatureRequests } from "./features/feature-requests.ts";
import { PinnedFeatures } from "./features/pinned-features.ts";
import { addFileCommands } from "./file-commands.ts";
import { EditorView } from "./inspect/editor-view.ts";
import { Hovers } from "./inspect/hovers.ts";
import { addInspectCommands } from "./inspect/inspect-commands.ts";
import { Inspections } from "./inspect/inspections.ts";
import { LayerItem } from "./inspect/layer-item.ts";
import { ReadingChoices } from "./inspect/reading-choices.ts";
import { SharedCursor } from "./inspect/shared-cursor.ts";
import { Models } from "./models/models.ts";
import { ModelsView } from "./models/models-view.ts";
import { ComparePanels } from "./panels/compare-panels.ts";
import { HeatmapPanels } from "./panels/heatmap-panels.ts";
import { ResultsPanel } from "./panels/results-panel.ts";
import { PromptDiagnostics } from "./prompts/diagnostics.ts";
import { PromptLenses } from "./prompts/lenses.ts";
import { PromptContext } from "./prompts/prompt-context.ts";
import { PromptFiles } from "./prompts/prompt-files.ts";
import { addRunCommands } from "./runs/run-commands.ts";
import { RunningSpecs } from "./runs/running-specs.ts";
import { RunsView } from "./runs/runs-view.ts";
import { SpecCompletion } from "./runs/spec-completion.ts";
import { SpecDiagnostics } from "./runs/spec-diagnostics.ts";
import { SpecLenses } from "./runs/spec-lenses.ts";
import { Sidecar } from "./sidecar/sidecar.ts";
import { StatusItem } from "./sidecar/status-item.ts";

/** What tests and measurements of the running extension reach; the extension itself doesn't use it. */
export interface RefractApi {
  activationMilliseconds: number;
  sidecar: Sidecar;
  inspections: Inspections;
  view: EditorView;
  cursor: SharedCursor;
}

export function activate(context: vscode.ExtensionContext): RefractApi {
  const started = performance.now();
  const log = vscode.window.createOutputChannel("Refract", { log: true });
  const commands = new Commands(context, log);
  const sidecar = new Sidecar(context, log);
  const models = new Models(context, sidecar);
  const files = new PromptFiles(context);
  const pinned = new PinnedFeatures(context);
  const choices = new ReadingChoices(sidecar, models, pinned);
  const cursor = new SharedCursor();
  const inspections = new Inspections(sidecar, models, files, choices);
  const view = new EditorView(inspections, cursor);
  const replies = new ReplyDocuments();
  const trust = new DictionaryTrust(context, sidecar, files, inspections, log);
  const compare = new ComparePanels(context, log, { sidecar, models, files, replies, trust });
  const requests = new FeatureRequests({ sidecar, models, files });
  const shared = { inspections, choices, cursor, models };
  const heatmaps = new HeatmapPanels(context, log, { ...shared, trust, requests, pinned, compare });
  context.subscriptions.push(
    ...[
      log,
      sidecar,
      new StatusItem(sidecar),
      models,
      trust,
      new ModelsView(models, trust),
      files,
      new PromptContext(files),
      new PromptDiagnostics(files),
    ],
    ...[pinned, choices, cursor, inspections, view, new Hovers(inspections, view, log)],
    ...[new LayerItem(inspections, view, cursor), new PromptLenses(files, inspections, models, sidecar, log)],
    ...[replies, heatmaps, compare],
  );
  const running = new RunningSpecs(models, trust, log);
  const runs = new RunsView(running);
  const results = new ResultsPanel(context, log, { sidecar, running });
  context.subscriptions.push(
    ...[running, runs, results, new SpecLenses(running)],
    ...[new SpecDiagnostics(sidecar, models, log), new SpecCompletion(models)],
  );
  // A run opens the model that its spec names.
  running.onDidChange(() => models.refresh().catch((error: unknown) => log.debug(`models: ${String(error)}`)));
  addRunCommands(commands, { running, view: runs, results });
  addInspectCommands(commands, { files, inspections, choices, cursor, view, heatmaps });
  addFileCommands(commands, { context, log, sidecar, models, files, inspections, compare, cursor });
  // After activation: what the specs name is looked up when VS Code is idle enough to have activated everything.
  setImmediate(() => files.lookIntoSpecs().catch((error: unknown) => log.warn(String(error))));
  return { activationMilliseconds: performance.now() - started, sidecar, inspections, view, cursor };
}
