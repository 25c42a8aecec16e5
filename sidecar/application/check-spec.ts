import { readSpec } from "../../shared/spec/read-spec.ts";
import type { SpecProblem } from "../../shared/spec/spec-problem.ts";
import type { OpenPlugins } from "./open-plugins.ts";
import type { SpecPlugins } from "./spec-plugins.ts";

/** Where a spec's text names its plugins; its first line where it doesn't say so in block style. */
function pluginsPlace(text: string): { line: number; endColumn: number } {
  const lines = text.split("\n");
  const line = lines.findIndex((one) => one.startsWith("plugins:"));
  return { line: Math.max(0, line) + 1, endColumn: (lines[Math.max(0, line)] ?? "").length + 1 };
}

/**
 * What is wrong in a spec's text, as far as that needs no model. Plugins that it names add their kinds and options; one that cannot be
 * loaded is the first problem, and what it would have added is unknown then.
 */
export async function checkSpec(
  path: string,
  text: string,
  plugins: OpenPlugins,
  specPlugins: SpecPlugins,
): Promise<{ problems: SpecProblem[] }> {
  try {
    const registry = await specPlugins.registry(path, text);
    return { problems: readSpec(text, registry.vocabulary()).problems };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { line, endColumn } = pluginsPlace(text);
    const problem: SpecProblem = { message, field: "plugins", line, column: 1, endLine: line, endColumn };
    return { problems: [problem, ...readSpec(text, (await plugins.registry()).vocabulary()).problems] };
  }
}
