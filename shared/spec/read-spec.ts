import { type Document, isMap, isNode, isPair, LineCounter, type Node, parseDocument, type Scalar } from "yaml";
import type { Options } from "../plugin/options.ts";
import { referredList } from "../plugin/options.ts";
import { explainIssues, wordIssue } from "./explain-issue.ts";
import { nearest } from "./nearest.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { type ComponentSpec, isFound, type Spec, type SpecVocabulary, specSchema } from "./spec-schema.ts";

export interface ReadSpec {
  /** Null where there are problems. */
  spec: Spec | null;
  problems: SpecProblem[];
  /** Where each experiment's name stands, for lenses: 1-based lines. */
  experimentLines: { name: string; line: number }[];
}

type Range = { start: number; end: number };

function keyRange(map: unknown, key: string): Range | null {
  if (!isMap(map)) return null;
  const pair = map.items.find((item) => isPair(item) && (item.key as Scalar | null)?.value === key);
  const node = pair?.key;
  return isNode(node) && node.range ? { start: node.range[0], end: node.range[1] } : null;
}

/** Where a path stands; a path that leads nowhere stands at its nearest ancestor. */
function rangeOf(document: Document, path: readonly PropertyKey[], key: string | null): Range {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (!isNode(node)) continue;
    if (depth === path.length && key !== null) {
      const range = keyRange(node, key);
      if (range) return range;
    }
    if (depth < path.length || isMap(node)) {
      // Of a missing or composite field the key is marked, not the whole body under it.
      const parent =
        depth === 0 ? null : depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
      const range = parent === null ? null : keyRange(parent, String(path[depth - 1]));
      if (range) return range;
    }
    const range = (node as Node).range;
    if (range) return { start: range[0], end: range[1] };
  }
  return { start: 0, end: 0 };
}

interface Reference {
  path: PropertyKey[];
  list: "components" | "prompts" | "conditions" | "scorers" | "readings";
  name: string;
}

function optionReferences(path: PropertyKey[], values: Record<string, unknown>, options: Options): Reference[] {
  return Object.entries(options).flatMap(([name, option]) => {
    const list = referredList(option);
    const value = values[name];
    if (list === null || value === undefined) return [];
    return Array.isArray(value)
      ? value.map((entry, i) => ({ path: [...path, name, i], list, name: String(entry) }))
      : [{ path: [...path, name], list, name: String(value) }];
  });
}

function componentReferences(name: string, component: ComponentSpec, vocabulary: SpecVocabulary): Reference[] {
  const path = ["components", name];
  const references: Reference[] = [];
  const several = (field: string, list: Reference["list"], names: readonly string[] | undefined) => {
    names?.forEach((entry, i) => {
      references.push({ path: [...path, field, i], list, name: entry });
    });
  };
  several("minus", "components", component.minus);
  if (isFound(component)) {
    references.push({ path: [...path, "positive"], list: "prompts", name: component.positive });
    references.push({ path: [...path, "negative"], list: "prompts", name: component.negative });
    const finder = vocabulary.finders.find((known) => known.id === component.find);
    if (finder) references.push(...optionReferences(path, component, finder.options));
  } else if ("span" in component) several("span", "components", component.span);
  else if ("shared" in component) several("shared", "components", component.shared);
  else if ("private" in component) several("private", "components", component.private);
  return references;
}

function references(spec: Spec, vocabulary: SpecVocabulary): Reference[] {
  return [
    ...Object.entries(spec.prompts).flatMap(([name, set]) =>
      set.matched === undefined
        ? []
        : [{ path: ["prompts", name, "matched"], list: "prompts" as const, name: set.matched }],
    ),
    ...Object.entries(spec.components).flatMap(([name, component]) => componentReferences(name, component, vocabulary)),
    ...Object.entries(spec.conditions).flatMap(([name, edits]) =>
      edits.flatMap((edit, i) =>
        "component" in edit && edit.component !== undefined
          ? [{ path: ["conditions", name, i, "component"], list: "components" as const, name: edit.component }]
          : [],
      ),
    ),
    ...Object.entries(spec.experiments).flatMap(([name, experiment]) => {
      const kind = vocabulary.experiments.find((known) => known.id === experiment.kind);
      return kind ? optionReferences(["experiments", name], experiment, kind.options) : [];
    }),
    ...spec.readings.map((name, i) => ({ path: ["readings", i], list: "readings" as const, name })),
    ...spec.scorers.flatMap((scorer, i) =>
      typeof scorer === "string"
        ? [{ path: ["scorers", i], list: "scorers" as const, name: scorer }]
        : "ensemble" in scorer
          ? scorer.ensemble.map((member, j) => ({
              path: ["scorers", i, "ensemble", j],
              list: "scorers" as const,
              name: member,
            }))
          : [],
    ),
  ];
}

function cycle(spec: Spec, vocabulary: SpecVocabulary): { name: string; through: string[] } | null {
  const done = new Set<string>();
  const visit = (name: string, trail: string[]): string[] | null => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    const component = spec.components[name];
    if (done.has(name) || component === undefined) return null;
    for (const reference of componentReferences(name, component, vocabulary)) {
      if (reference.list !== "components") continue;
      const found = visit(reference.name, [...trail, name]);
      if (found) return found;
    }
    done.add(name);
    return null;
  };
  for (const name of Object.keys(spec.components)) {
    const through = visit(name, []);
    if (through) return { name, through };
  }
  return null;
}

/** Reads a spec's text and checks it as far as that needs no file and no model. Every problem has its place. */
export function readSpec(text: string, vocabulary: SpecVocabulary): ReadSpec {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (range: Range, field: string, message: string): SpecProblem => {
    const start = lines.linePos(range.start);
    const end = lines.linePos(Math.max(range.end, range.start));
    return { message, field, line: start.line, column: start.col, endLine: end.line, endColumn: end.col };
  };
  const experiments = document.getIn(["experiments"], true);
  const experimentLines = isMap(experiments)
    ? experiments.items.flatMap((item) => {
        const key = item.key as Scalar | null;
        return key?.range ? [{ name: String(key.value), line: lines.linePos(key.range[0]).line }] : [];
      })
    : [];
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) =>
      at({ start: error.pos[0], end: error.pos[1] }, "", `not valid YAML: ${error.message.split("\n")[0] ?? ""}`),
    );
    return { spec: null, problems, experimentLines };
  }
  const value: unknown = document.toJS();
  const problemAt = (path: readonly PropertyKey[], key: string | null, message: string): SpecProblem => {
    const field = [...path, ...(key === null ? [] : [key])].join(".");
    return at(rangeOf(document, path, key), field, path.length > 0 ? `${path.join(".")}: ${message}` : message);
  };
  const parsed = specSchema(vocabulary).safeParse(value, { error: wordIssue, reportInput: true });
  if (!parsed.success) {
    const kinds = (path: readonly PropertyKey[]) =>
      path[0] === "experiments"
        ? vocabulary.experiments.map((kind) => kind.id)
        : path[0] === "conditions"
          ? ["add", "ablate", "affine", "clamp", "scale"]
          : [];
    const problems = explainIssues(parsed.error.issues, kinds).map((issue) =>
      problemAt(issue.path, issue.key, issue.message),
    );
    return { spec: null, problems, experimentLines };
  }
  const spec = parsed.data;
  const named = spec.scorers.flatMap((scorer) => (typeof scorer === "string" ? [] : [scorer.name]));
  const known: Record<Reference["list"], string[]> = {
    components: Object.keys(spec.components),
    prompts: Object.keys(spec.prompts),
    conditions: ["baseline", ...Object.keys(spec.conditions)],
    readings: vocabulary.readings.map((reading) => reading.id),
    scorers: [...vocabulary.scorers.map((scorer) => scorer.id), ...named],
  };
  const problems: SpecProblem[] = references(spec, vocabulary)
    .filter((reference) => !known[reference.list].includes(reference.name))
    .map((reference) => {
      const near = nearest(reference.name, known[reference.list]);
      const hint = near === null ? "" : `; did you mean "${near}"?`;
      const list = known[reference.list];
      const have =
        list.length > 0 ? ` (${reference.list}: ${list.join(", ")})` : ` (the spec has no ${reference.list})`;
      return problemAt(reference.path, null, `"${reference.name}" is not in ${reference.list}${hint}${have}`);
    });
  const round = cycle(spec, vocabulary);
  if (round)
    problems.push(problemAt(["components", round.name], null, `is made of itself: ${round.through.join(" -> ")}`));
  if (spec.conditions.baseline !== undefined && spec.conditions.baseline.length > 0) {
    problems.push(
      problemAt(["conditions", "baseline"], null, "baseline has no edits; give this condition another name"),
    );
  }
  if (Object.keys(spec.experiments).length === 0) {
    problems.push(problemAt(["experiments"], null, "there is no experiment: nothing would run"));
  }
  return { spec: problems.length > 0 ? null : spec, problems, experimentLines };
}
