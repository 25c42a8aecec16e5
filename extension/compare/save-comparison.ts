import { textOf } from "../file-text.ts";
import { chooseSpec, writeSpec } from "../runs/spec-file.ts";
import { type ExperimentToSave, specWithComparison } from "./save-as-experiment.ts";

/** Writes a comparison into a spec that the user chooses, saves it and shows it there. */
export async function saveComparison(comparison: Omit<ExperimentToSave, "spec">): Promise<void> {
  const uri = await chooseSpec("Spec that the experiment is written into");
  if (uri === undefined) return;
  const before = await textOf(uri);
  const { text, name } = await specWithComparison(before, { ...comparison, spec: uri.fsPath });
  await writeSpec(uri, text, text.lastIndexOf(`${name}:`));
}
