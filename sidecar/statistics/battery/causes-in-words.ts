import type { Figure } from "../figure.ts";

function find(figures: readonly Figure[], name: string, of: readonly string[]): Figure | undefined {
  return figures.find((figure) => figure.name === name && figure.of.join("\n") === of.join("\n"));
}

function rate(figures: readonly Figure[], name: string, of: readonly string[]): string {
  return find(figures, name, of)?.estimate.toFixed(2) ?? "an unknown share";
}

/** 0.2 as "20%". */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** The four effects of a pair in one clause. */
export function describeEffects([a, b]: readonly [string, string], figures: readonly Figure[]): string {
  const effect = (d: string, c: string): string => rate(figures, "effect", [d, c]);
  return `on ${a}, ablating ${a} lowers the refusal rate by ${effect(a, a)} and ablating ${b} by ${effect(b, a)}; on ${b}, ${b} lowers it by ${effect(b, b)} and ${a} by ${effect(a, b)}`;
}

/** The effects of the common part and of the private ones. */
export function describeParts(of: readonly [string, string], figures: readonly Figure[]): string {
  const part = (name: string): string => of.map((category) => rate(figures, name, [category])).join(" and ");
  const rest = of.some((category) => find(figures, "effect of the private part", [category]) !== undefined);
  return `common part ${part("effect of the common part")}, ${rest ? `private part ${part("effect of the private part")}` : "no private part"}`;
}

/** Why nothing is concluded about a category: its own effect is not shown to be above a control's, or above 0. */
export function describeFailedControl(category: string, control: string | null, figures: readonly Figure[]): string {
  const own = rate(figures, "effect", [category, category]);
  const than =
    control === null
      ? "0"
      : `what the control ${control} does (${rate(figures, "control effect", [control, category])})`;
  return `ablating ${category} lowers the refusal rate on its own prompts by ${own}, not shown to be more than ${than}: nothing is concluded about ${category}`;
}
