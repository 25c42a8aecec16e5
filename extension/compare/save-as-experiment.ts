import { dirname, relative, resolve } from "node:path";
import type { ChosenCondition } from "./comparison-run.ts";

export interface ExperimentToSave {
  /** Absolute path of the spec. */
  spec: string;
  /** Absolute path of the prompt file. */
  promptFile: string;
  model: string;
  conditions: readonly ChosenCondition[];
  maxNewTokens: number;
}

const FILE_KEYS = ["vector", "vectors", "dictionary"];

/** An edit of another file as the spec must write it: paths relative to the spec, an added vector at the strength that was chosen. */
function editForSpec(
  edit: Record<string, unknown>,
  from: string | null,
  spec: string,
  strength: number,
): Record<string, unknown> {
  const rewritten = Object.entries(edit).map(([key, value]) => {
    if (FILE_KEYS.includes(key) && typeof value === "string" && from !== null) {
      return [key, relative(dirname(spec), resolve(dirname(from), value)).replaceAll("\\", "/")];
    }
    if (edit.kind === "add" && key === "scale" && typeof value === "number") return [key, value * strength];
    return [key, value];
  });
  const written = Object.fromEntries(rewritten) as Record<string, unknown>;
  if (edit.kind === "add" && edit.scale === undefined && strength !== 1) written.scale = strength;
  return written;
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
  const model = save.model === "demo" ? "demo" : relative(dirname(save.spec), save.model).replaceAll("\\", "/");
  const start =
    text.trim() === "" ? `refract: 1\nmodel: ${JSON.stringify(model)}\nprompts: {}\nexperiments: {}\n` : text;
  const document = parseDocument(start);
  const keysOf = (section: string) => Object.keys((document.toJS() as Record<string, object | null>)[section] ?? {});

  const names: string[] = [];
  for (const { offered, strength } of save.conditions) {
    const inThisSpec = offered.file === save.spec && strength === 1;
    if (offered.edits.length === 0 || inThisSpec) {
      names.push(offered.name);
      continue;
    }
    const wanted = strength === 1 ? offered.name : `${offered.name}-x${strength}`;
    const name = freeName(wanted, ["baseline", ...keysOf("conditions")]);
    const edits = offered.edits.map((edit) => editForSpec(edit, offered.file, save.spec, strength));
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
