import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { referredList } from "../plugin/options.ts";
import { type SpecVocabulary, specJsonSchema } from "./spec-schema.ts";

/** What may stand at a place of a spec. */
export interface SpecCompletion {
  label: string;
  /** A key of a mapping (its text goes on with a colon), or a value. */
  kind: "key" | "value";
  describe: string;
}

type Schema = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/** Stands for the word that is being typed; no spec holds it. */
const MARK = "refractCompletesHere";

/** Which bracket is open last before the cursor, or null in block style. */
function openBracket(before: string): "[" | "{" | null {
  const open: ("[" | "{")[] = [];
  let quote: string | null = null;
  for (const line of before.split("\n")) {
    for (const [i, char] of [...line].entries()) {
      if (quote !== null) {
        if (char === quote) quote = null;
      } else if (char === "#" && (i === 0 || line[i - 1] === " ")) break;
      else if (char === '"' || (char === "'" && !/\w/.test(line[i - 1] ?? ""))) quote = char;
      else if (char === "[" || char === "{") open.push(char);
      else if (char === "]" || char === "}") open.pop();
    }
    quote = null;
  }
  return open.at(-1) ?? null;
}

/** Whether the cursor stands where a mapping's key begins: first on its line, or after `{` or a comma in braces. */
function atKey(before: string): boolean {
  const lead = before.slice(before.lastIndexOf("\n") + 1);
  const bracket = openBracket(before);
  if (bracket === null) return /^\s*(- )?$/.test(lead);
  return bracket === "{" && (/[{,]\s*$/.test(lead) || /^\s*$/.test(lead));
}

interface Place {
  path: Path;
  kind: "key" | "value";
  root: unknown;
}

/** Where the mark is in the text's tree: the path of the mapping that gets a key, or of the value. */
function placeOf(text: string): Place | null {
  const document = parseDocument(text, { prettyErrors: false, strict: false });
  const find = (node: unknown, path: (string | number)[]): Omit<Place, "root"> | null => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key) && key.value === MARK) return { path, kind: "key" };
        const name = isScalar(key) ? String(key.value) : "";
        const found = find(value, [...path, name]);
        if (found) return found;
      }
    } else if (isSeq(node)) {
      for (const [i, item] of node.items.entries()) {
        const found = find(item, [...path, i]);
        if (found) return found;
      }
    } else if (isScalar(node) && node.value === MARK) return { path, kind: "value" };
    return null;
  };
  const found = find(document.contents, []);
  return found && { ...found, root: document.toJS() as unknown };
}

function schemas(value: unknown): Schema[] {
  return Array.isArray(value) ? (value as Schema[]) : [];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** The alternatives of a schema, those out that a sibling (`kind: geometry`) excludes. */
function alternatives(schema: Schema, value: unknown): Schema[] {
  const inner = [...schemas(schema.anyOf), ...schemas(schema.oneOf)];
  const own = record(value);
  const all = inner.length > 0 ? inner.flatMap((one) => alternatives(one, value)) : [schema];
  return all.filter((one) =>
    Object.entries(record(one.properties)).every(([key, property]) => {
      const { const: only } = record(property);
      return (
        only === undefined || own[key] === undefined || own[key] === null || own[key] === MARK || own[key] === only
      );
    }),
  );
}

function schemasAt(schema: Schema, root: unknown, path: Path): Schema[] {
  const [step, ...rest] = path;
  const here = alternatives(schema, root);
  if (step === undefined) return here;
  const value = typeof step === "number" ? (Array.isArray(root) ? root[step] : undefined) : record(root)[step];
  return here.flatMap((one) => {
    const next = typeof step === "number" ? one.items : (record(one.properties)[step] ?? one.additionalProperties);
    return typeof next === "object" && next !== null ? schemasAt(next as Schema, value, rest) : [];
  });
}

function valuesOf(schema: Schema): string[] {
  if (schema.const !== undefined) return [String(schema.const)];
  if (Array.isArray(schema.enum)) return schema.enum.map(String);
  return schema.type === "boolean" ? ["true", "false"] : [];
}

const LISTS: Readonly<Record<string, "components" | "prompts" | "conditions">> = {
  positive: "prompts",
  negative: "prompts",
  matched: "prompts",
  span: "components",
  shared: "components",
  private: "components",
  minus: "components",
  component: "components",
};

/** Names that a value may point to: of the spec itself, or of what plugins offer. */
function names({ path, root }: Place, vocabulary: SpecVocabulary): { name: string; describe: string }[] {
  const spec = record(root);
  const plain = (list: string) => Object.keys(record(spec[list])).map((name) => ({ name, describe: `of ${list}` }));
  const scorers = [
    ...vocabulary.scorers.map(({ id, describe }) => ({ name: id, describe })),
    ...(Array.isArray(spec.scorers) ? spec.scorers : []).flatMap((one) => {
      const { name } = record(one);
      return typeof name === "string" ? [{ name, describe: "of scorers" }] : [];
    }),
  ];
  const of = (list: "components" | "prompts" | "conditions" | "scorers") =>
    list === "scorers"
      ? scorers
      : list === "conditions"
        ? [{ name: "baseline", describe: "no edits" }, ...plain(list)]
        : plain(list);
  const [section, name] = path;
  if (section === "scorers") return scorers;
  if (section === "readings") return vocabulary.readings.map(({ id, describe }) => ({ name: id, describe }));
  const key = path.findLast((step) => typeof step === "string");
  if (section === "experiments") {
    const { kind } = record(record(spec.experiments)[String(name)]);
    const option = vocabulary.experiments.find(({ id }) => id === kind)?.options[String(key)];
    const list = option ? referredList(option) : null;
    return list === null ? [] : of(list);
  }
  const list = LISTS[String(key)];
  return list === undefined ? [] : of(list).filter((one) => one.name !== name);
}

/**
 * What may be typed at a place of a spec: keys of the mapping, kinds, choices, and the names that the spec defines. The text may be half
 * written, as it is while one types.
 * @param offset UTF-16 offset of the cursor; the word before it is what is being typed.
 */
export function completeSpec(text: string, offset: number, vocabulary: SpecVocabulary): SpecCompletion[] {
  const word = /[\w.-]*$/.exec(text.slice(0, offset))?.[0] ?? "";
  const before = text.slice(0, offset - word.length);
  const after = text.slice(offset).replace(/^[\w.-]+/, "");
  const key = atKey(before);
  const tail = key ? after.replace(/^[ \t]*:[ \t]?/, ": ") : after;
  const place = placeOf(`${before}${MARK}${key && !tail.startsWith(":") ? ": " : ""}${tail}`);
  if (place === null) return [];
  const root = specJsonSchema(vocabulary);
  const found = new Map<string, SpecCompletion>();
  if (place.kind === "key") {
    const present = record(place.path.reduce<unknown>((value, step) => record(value)[step], place.root));
    for (const { properties } of schemasAt(root, place.root, place.path)) {
      for (const [label, property] of Object.entries(record(properties))) {
        const describe = String(record(property).description ?? "");
        if (!(label in present)) found.set(label, { label, kind: "key", describe });
      }
    }
    return [...found.values()];
  }
  for (const schema of schemasAt(root, place.root, place.path)) {
    for (const label of valuesOf(schema)) {
      found.set(label, { label, kind: "value", describe: describeValue(label, place.path, vocabulary) });
    }
  }
  for (const { name, describe } of names(place, vocabulary)) {
    found.set(name, { label: name, kind: "value", describe });
  }
  return [...found.values()];
}

function describeValue(label: string, path: Path, vocabulary: SpecVocabulary): string {
  const key = path.at(-1);
  const list = key === "kind" ? vocabulary.experiments : key === "find" ? vocabulary.finders : [];
  return list.find(({ id }) => id === label)?.describe ?? "";
}
