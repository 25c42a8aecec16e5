import { stringify } from "yaml";
import { type PreparedRun, type PrepareRequest, prepareRun, type RunTools } from "./prepare-run.ts";

/** The spec with every default written out, and what each part of the plan takes, as comments of a YAML file that runs alike. */
export async function explainRun(request: PrepareRequest, tools: RunTools): Promise<string> {
  const prepared = await prepareRun(request, tools);
  try {
    return explained(prepared);
  } finally {
    await prepared.close();
  }
}

function explained({ plan, material, manifest }: PreparedRun): string {
  const parts = plan.experiments.map(({ name, units }) => {
    const passes = units.reduce((sum, unit) => sum + unit.passes, 0);
    const replies = units.reduce((sum, unit) => sum + unit.replies, 0);
    return `#   ${name}: ${units.length} units, ${passes} forward passes, ${replies} replies`;
  });
  const sets = [...material.sets].map(([name, prompts]) => {
    const count = (split: string) => prompts.filter((prompt) => prompt.split === split).length;
    return `#   ${name}: ${count("train")} train, ${count("val")} val, ${count("test")} test`;
  });
  return [
    `# ${manifest.model.name}: ${manifest.model.layers} layers, ${manifest.model.precision}, ${manifest.model.provider}`,
    `# positions after the user's text: ${material.positions.join(", ")}`,
    "# prompts",
    ...sets,
    `# about ${plan.passes} forward passes and ${plan.replies} replies`,
    ...parts,
    stringify(material.spec),
  ].join("\n");
}
