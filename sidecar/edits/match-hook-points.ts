import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { ModelDescription } from "../../shared/engine/model-description.ts";
import { refused } from "../../shared/errors.ts";

/**
 * Expands names such as `resid_post.4` or `resid_mid.*` to the model's hook points, in stream order and each once.
 * A name that matches none is refused with what there is; `field` names the place in messages.
 */
export function matchHookPoints(
  names: readonly string[],
  model: Pick<ModelDescription, "hookPoints" | "layers" | "architecture">,
  field: string,
): HookPoint[] {
  const found = new Set<HookPoint>();
  for (const name of names) {
    const matches = model.hookPoints.filter((point) => matchesName(name, point));
    if (matches.length === 0) throw refused(`${field}: ${explainMiss(name, model)}`);
    for (const point of matches) found.add(point);
  }
  return model.hookPoints.filter((point) => found.has(point));
}

/** Whether a name in which `*` stands for any characters means this hook point. */
function matchesName(name: string, point: string): boolean {
  const pattern = name.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(point);
}

function explainMiss(name: string, model: Pick<ModelDescription, "hookPoints" | "layers" | "architecture">): string {
  const sites = [...new Set(model.hookPoints.map((point) => point.split(".")[0]))];
  const has = `this model has ${sites.join(", ")} at layers 0 to ${model.layers - 1}`;
  if (name.startsWith("resid_mid") && !sites.includes("resid_mid")) {
    return `"${name}": ${model.architecture} adds attention and MLP in parallel, so its blocks have no middle point; ${has}`;
  }
  return `there is no hook point "${name}"; ${has}`;
}
