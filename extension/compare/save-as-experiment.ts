import { dirname, relative, resolve } from "node:path";
import type { CompareCondition, OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import { editAtSlider } from "../../shared/spec/edit-at-slider.ts";

/** A condition as it was compared, with its edits as its file has them. */
export interface ConditionToSave {
  condition: CompareCondition;
  edits: OfferedCondition["edits"];
}

export interface ExperimentToSave {
  /** Absolute path of the spec. */
  spec: string;
  /** Absolute path of the prompt file. */
  promptFile: string;
  model: string;
  conditions: readonly ConditionToSave[];
  maxNewTokens: number;
}

const FILE_KEYS = ["vector", "vectors", "dictionary"];

/** An edit of another file as the spec must write it: paths relative to the spec. */
function editForSpec(edit: Record<string, unknown>, from: string | null, spec: string): Record<string, unknown> {
  const rewritten = Object.entries(edit).map(([key, value]) =>
    FILE_KEYS.includes(key) && typeof value === "string" && from !== null
      ? [key, relative(dirname(spec), resolve(dirname(from), value)).replaceAll("\\", "/")]
      : [key, value],
  );
  return Object.fromEntries(rewritten) as Record<string, unknown>;
}

/** What a condition is called where its slider has moved: `push-x1.5`, `quiet-at-8`. */
function nameAt(name: string, slider: CompareCondition["slider"]): string {
  if (slider === null) return name;
  return slider.kind === "value" ? `${name}-at-${slider.value}` : `${name}-x${slider.value}`;
}

function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number++;
  return `${wanted}-${number}`;
}

/**
 * The spec's text with the comparison added: its conditions, the prompt file as a prompt set and a `compare` experiment. Everything else in the
 * file, comments included, stays as it is. An empty text becomes a whole spec.
 *
 * @returns the text and the experiment's name.
 */
export async function specWithComparison(
  text: string,
  save: ExperimentToSave,
): Promise<{ text: string; name: string }> {
  const { parseDocument } = await import("yaml");
  const { conditionEditSchema: schema } = await import("../../shared/spec/condition-edit.ts");
  const model = save.model === "demo" ? "demo" : relative(dirname(save.spec), save.model).replaceAll("\\", "/");
  const start =
    text.trim() === "" ? `refract: 1\nmodel: ${JSON.stringify(model)}\nprompts: {}\nexperiments: {}\n` : text;
  const document = parseDocument(start);
  const keysOf = (section: string) => Object.keys((document.toJS() as Record<string, object | null>)[section] ?? {});

  const names: string[] = [];
  for (const { condition, edits: written } of save.conditions) {
    const { file, slider } = condition;
    const inThisSpec = file === save.spec && slider === null;
    if (written.length === 0 || inThisSpec) {
      names.push(condition.name);
      continue;
    }
    const name = freeName(nameAt(condition.name, slider), ["baseline", ...keysOf("conditions")]);
    const set = slider === null ? written : written.map((edit) => editAtSlider(schema.parse(edit), slider));
    const edits = set.map((edit) => editForSpec(edit, file, save.spec));
    document.setIn(["conditions", name], document.createNode(edits));
    names.push(name);
  }
  const promptFile = relative(dirname(save.spec), save.promptFile).replaceAll("\\", "/");
  const sets = ((document.toJS() as Record<string, unknown>).prompts ?? {}) as Record<
    string,
    { file?: string; where?: unknown }
  >;
  const known = Object.entries(sets).find(([, set]) => set.file === promptFile && set.where === undefined)?.[0];
  const set = known ?? freeName("compared", Object.keys(sets));
  if (known === undefined) document.setIn(["prompts", set], document.createNode({ file: promptFile }));
  const name = freeName("said", keysOf("experiments"));
  const experiment = { kind: "compare", conditions: names, prompts: [set], maxNewTokens: save.maxNewTokens };
  document.setIn(["experiments", name], document.createNode(experiment));
  // As people write specs: flow maps without padding, lines as long as they are.
  return { text: document.toString({ flowCollectionPadding: false, lineWidth: 0 }), name };
}
