import * as vscode from "vscode";
import { SITES } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Commands } from "../commands.ts";
import type { HeatmapPanels } from "../panels/heatmap-panels.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import type { EditorView } from "./editor-view.ts";
import type { InspectedPrompt, Inspections } from "./inspections.ts";
import type { ReadingChoices } from "./reading-choices.ts";
import type { CursorPlace, SharedCursor } from "./shared-cursor.ts";

export interface InspectParts {
  files: PromptFiles;
  inspections: Inspections;
  choices: ReadingChoices;
  cursor: SharedCursor;
  view: EditorView;
  heatmaps: HeatmapPanels;
}

/** A prompt in a document, as commands name it. */
export interface PromptPlace {
  document: vscode.TextDocument;
  prompt: number;
}

/** A prompt that a lens names. A button in an editor's title hands over its document and, in place of a number, its group. */
function namedPrompt(uri?: vscode.Uri, index?: unknown): { uri: vscode.Uri; prompt: number } | null {
  return uri !== undefined && typeof index === "number" ? { uri, prompt: index } : null;
}

/**
 * The prompt that a command means: the one a lens names, else the one around the cursor of the active editor; where a page is active (the
 * walkthrough, a heatmap), the one that was looked at last.
 */
export async function promptPlace(
  files: PromptFiles,
  last: CursorPlace | null,
  uri?: vscode.Uri,
  index?: unknown,
): Promise<PromptPlace> {
  const named = namedPrompt(uri, index);
  if (named !== null) {
    return { document: await vscode.workspace.openTextDocument(named.uri), prompt: named.prompt };
  }
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined && last !== null) {
    return { document: await vscode.workspace.openTextDocument(vscode.Uri.parse(last.uri)), prompt: last.prompt };
  }
  if (editor === undefined) throw refused("Open a prompt file and put the cursor into a prompt.");
  const { document } = editor;
  if (!files.isPromptFile(document)) {
    throw refused(
      `${vscode.workspace.asRelativePath(document.uri)} is not a prompt file. Add it to the setting refract.promptFiles, or run "Refract: Treat This File as a Prompt File".`,
    );
  }
  const offset = document.offsetAt(editor.selection.active);
  const { prompts } = await files.parse(document);
  const around = prompts.findIndex(({ range }) => range.start <= offset && offset <= range.end);
  const before = prompts.findLastIndex(({ range }) => range.start <= offset);
  if (prompts.length === 0) throw refused(`${vscode.workspace.asRelativePath(document.uri)} holds no prompt.`);
  return { document, prompt: Math.max(0, around >= 0 ? around : before) };
}

function shownPrompt({ inspections, cursor }: InspectParts): InspectedPrompt {
  const { place } = cursor;
  const found = place === null ? undefined : inspections.get(vscode.Uri.parse(place.uri), place.prompt);
  if (found === undefined) throw refused("No prompt is inspected: run Inspect on one first.");
  return found;
}

function moveLayer(parts: InspectParts, to: (layer: number) => number): void {
  const inspected = shownPrompt(parts);
  const last = inspected.inspection.layers - 1;
  const layer = Math.max(0, Math.min(last, to(parts.view.layerFor(inspected))));
  const token = parts.cursor.place?.token ?? inspected.tokens.length - 1;
  parts.cursor.move({ uri: inspected.uri.toString(), prompt: inspected.prompt, token, layer }, "command");
}

async function showReading(parts: InspectParts, id: string): Promise<void> {
  const inspected = shownPrompt(parts);
  parts.choices.choose(id, parts.choices.site(inspected.uri));
  await parts.inspections.again(await vscode.workspace.openTextDocument(inspected.uri));
}

async function moveReading(parts: InspectParts, step: number): Promise<void> {
  const inspected = shownPrompt(parts);
  const all = await parts.choices.all(inspected.uri);
  const at = all.findIndex(({ id }) => id === inspected.reading.id);
  const next = all[(at + step + all.length) % all.length];
  if (next !== undefined) await showReading(parts, next.id);
}

async function chooseLayer(parts: InspectParts): Promise<void> {
  const inspected = shownPrompt(parts);
  const { layers } = inspected.inspection;
  const items = Array.from({ length: layers }, (_, layer) => ({ label: `Layer ${layer}`, layer })).reverse();
  const picked = await vscode.window.showQuickPick(items, { placeHolder: "Layer that the tints show" });
  if (picked !== undefined) moveLayer(parts, () => picked.layer);
}

async function chooseReading(parts: InspectParts): Promise<void> {
  const inspected = shownPrompt(parts);
  const items = (await parts.choices.all(inspected.uri)).map(({ id, label, unit, describe }) => ({
    label,
    description: unit,
    detail: describe,
    id,
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: "Reading that the tints show" });
  if (picked !== undefined) await showReading(parts, picked.id);
}

async function chooseSite(parts: InspectParts): Promise<void> {
  const inspected = shownPrompt(parts);
  const picked = await vscode.window.showQuickPick([...SITES], {
    placeHolder: "Where in each layer the reading is taken",
  });
  const site = SITES.find((known) => known === picked);
  if (site === undefined) return;
  parts.choices.choose(inspected.reading.id, site);
  await parts.inspections.again(await vscode.workspace.openTextDocument(inspected.uri));
}

/** The commands that read prompts and move what is shown. */
export function addInspectCommands(commands: Commands, parts: InspectParts): void {
  commands.add("inspect", async (uri?: vscode.Uri, index?: unknown) => {
    const { document, prompt } = await promptPlace(parts.files, parts.cursor.place, uri, index);
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: "Refract: reading the prompt" },
      () => parts.inspections.inspect(document, prompt),
    );
  });
  commands.add("showHeatmap", async (uri?: vscode.Uri, index?: unknown) => {
    const named = namedPrompt(uri, index);
    parts.heatmaps.show(named === null ? parts.cursor.place : { uri: named.uri.toString(), prompt: named.prompt });
    if (parts.cursor.place !== null && named === null) return;
    const { document, prompt } = await promptPlace(parts.files, parts.cursor.place, uri, index);
    if (parts.inspections.get(document.uri, prompt) === undefined) await parts.inspections.inspect(document, prompt);
  });
  commands.add("nextLayer", () => moveLayer(parts, (layer) => layer + 1));
  commands.add("previousLayer", () => moveLayer(parts, (layer) => layer - 1));
  commands.add("nextReading", () => moveReading(parts, 1));
  commands.add("previousReading", () => moveReading(parts, -1));
  commands.add("chooseLayer", () => chooseLayer(parts));
  commands.add("chooseReading", () => chooseReading(parts));
  commands.add("chooseSite", () => chooseSite(parts));
  commands.add("clearInspection", () => {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri !== undefined) parts.inspections.clear(uri);
  });
  commands.add("treatAsPromptFile", async () => {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri === undefined) throw refused("Open a file first.");
    if (!/\.(json|jsonl|csv|txt)$/i.test(uri.path)) {
      throw refused(
        `${vscode.workspace.asRelativePath(uri)} can't be a prompt file: .json, .jsonl, .csv and .txt can.`,
      );
    }
    await parts.files.choose(uri);
  });
}
