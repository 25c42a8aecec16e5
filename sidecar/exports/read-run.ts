import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { ResultDocument } from "../../shared/plugin/result-document.ts";
import { type ComponentRecord, loadComponent } from "../runs/make-components.ts";
import { COMPONENTS } from "../runs/plan-run.ts";

/** What a run's page shows, from its folder. Refused: a folder that is no run, or whose results were never summed up. */
export async function readRunDocument(folder: string): Promise<ResultDocument> {
  const path = join(folder, "document.json");
  const text = await readFile(path, "utf8").catch((cause) => {
    throw refused(`${path}: cannot be read, so ${folder} is no run folder or its run has not come to an end`, cause);
  });
  return JSON.parse(text) as ResultDocument;
}

/** A component that a run made, by name. Refused: a name that the run's journal doesn't have, with those it has. */
export async function readRunComponent(folder: string, name: string): Promise<Component> {
  const path = join(folder, "results.ndjson");
  const text = await readFile(path, "utf8").catch((cause) => {
    throw refused(`${path}: cannot be read, so ${folder} is no run folder`, cause);
  });
  // The last line may be torn: a record is only taken from whole ones.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  const records = lines.flatMap((line) => (line === "" ? [] : recordsOf(JSON.parse(line) as Record<string, unknown>)));
  const record = records.findLast(({ component }) => component === name);
  if (record === undefined) {
    const known = [...new Set(records.map(({ component }) => component))].join(", ") || "none";
    throw refused(`${folder}: the run made no component "${name}" (it made: ${known})`);
  }
  return loadComponent(folder, record);
}

function recordsOf(line: Record<string, unknown>): ComponentRecord[] {
  const { experiment, type, data } = line;
  return experiment === COMPONENTS && type === "unit" ? [data as ComponentRecord] : [];
}
