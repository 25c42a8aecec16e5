import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { refused } from "../../shared/errors.ts";
import type { Candidate } from "../../shared/plugin/direction-finder.ts";
import { wordIssue } from "../../shared/spec/explain-issue.ts";
import { readJournal } from "./journal.ts";

const score = z.number().nullable();
const candidateSchema = z.object({
  position: z.int(),
  layer: z.int().min(0),
  refusal_score: score,
  steering_score: score,
  kl_div_score: score,
});

/**
 * JSON as Python writes it: NaN and infinities stand bare, outside of texts. They become null here, as JSON has no other word for them.
 */
function parsePythonJson(text: string): unknown {
  return JSON.parse(
    text.replace(/("(?:[^"\\]|\\.)*")|-?\bInfinity\b|\bNaN\b/g, (_, quoted?: string) => quoted ?? "null"),
  );
}

function checkCandidates(value: unknown, where: string): Candidate[] {
  const parsed = z.array(candidateSchema).safeParse(value, { error: wordIssue, reportInput: true });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const [entry, field] = issue?.path ?? [];
    const place =
      entry === undefined ? "the file" : `entry ${String(entry)}${field === undefined ? "" : `, ${String(field)}`}`;
    throw refused(
      `${where}: ${place}: ${issue?.message ?? "not candidates"}. The file is to be a list of {"position","layer","refusal_score","steering_score","kl_div_score"}.`,
    );
  }
  return parsed.data;
}

export interface ReadCandidates {
  candidates: Candidate[];
  /** Candidates of a run that left its search early: scored on fewer prompts, so that nothing is chosen among them. */
  leftEarly: number;
}

function fromRun(folder: string, component: string | null): ReadCandidates {
  const journal = join(folder, "results.ndjson");
  if (!existsSync(journal)) throw refused(`${folder}: is not a run folder: it has no results.ndjson.`);
  const found = new Map<string, { candidates: unknown; raced: unknown }>();
  for (const line of readJournal(journal)) {
    if (line.type !== "unit" || typeof line.data !== "object" || line.data === null) continue;
    if ("candidates" in line.data && "component" in line.data)
      found.set(String(line.data.component), {
        candidates: line.data.candidates,
        raced: "raced" in line.data ? line.data.raced : [],
      });
  }
  const names = [...found.keys()];
  const name = component ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined || !found.has(name)) {
    throw refused(
      names.length === 0
        ? `${journal}: holds no candidates: the run has not searched for a component yet.`
        : `${journal}: ${component === null ? "holds candidates of several components" : `has no component "${component}"`}; give --component with one of ${names.join(", ")}.`,
    );
  }
  const record = found.get(name);
  return {
    candidates: checkCandidates(record?.candidates, `${journal} (${name})`),
    leftEarly: Array.isArray(record?.raced) ? record.raced.length : 0,
  };
}

/** Candidates from a JSON list (the reference implementation's `direction_evaluations.json`) or from a run folder's journal. */
export function readCandidates(path: string, component: string | null): ReadCandidates {
  if (!existsSync(path)) throw refused(`${path}: there is no such file or run folder.`);
  if (statSync(path).isDirectory()) return fromRun(path, component);
  let value: unknown;
  try {
    value = parsePythonJson(readFileSync(path, "utf8"));
  } catch (cause) {
    throw refused(`${path}: is not JSON (${cause instanceof Error ? cause.message : String(cause)}).`, cause);
  }
  return { candidates: checkCandidates(value, path), leftEarly: 0 };
}
