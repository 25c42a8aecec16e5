import { hookPoint } from "../../../shared/engine/hook-point.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { seeded } from "../../statistics/random.ts";
import { norm } from "../../statistics/vectors.ts";
import { add, NO_EDITS } from "../study/edit-rows.ts";
import { type NamedEdits, outcomesOf } from "../study/outcomes.ts";
import { classOfReply } from "../study/reply-class.ts";
import { sample } from "../study/sample.ts";
import type { CategoryData, Contestant } from "./layer-battery.ts";
import { replyTopic } from "./reply-topic.ts";

/** Whose refusals come out where a direction is added to harmless prompts. */
export interface SteeredTopics {
  added: string;
  /** The category whose matched harmless prompts were asked. */
  on: string;
  /** Decoded replies that refuse, by the category whose refusals they are worded like; "" where the wording does not say. */
  topics: Record<string, number>;
  example: string | null;
}

export interface PushData {
  sources: { name: string; at: string; norm: number }[];
  /** Test prompts of each category with each direction subtracted once at its source layer. */
  pushed: CategoryData[];
  /** Matched harmless test prompts of each category with each direction added once at its source layer. */
  steered: CategoryData[];
  topics: SteeredTopics[];
}

interface PushRow {
  name: string;
  conditions: { subtract: NamedEdits; add: NamedEdits };
}

/** Components at their source layers, then random directions of the same norms at the same places. */
function pushRows(study: Study, contestants: readonly Contestant[], controls: number): PushRow[] {
  const both = (name: string, at: ReturnType<typeof hookPoint>, vector: ArrayLike<number>): PushRow => ({
    name,
    conditions: { subtract: { name, edits: add(at, vector, -1) }, add: { name, edits: add(at, vector, 1) } },
  });
  const own = contestants.map(({ component }) =>
    both(component.name, hookPoint(component.site, component.layer), component.vectors[0] ?? new Float32Array()),
  );
  const random = Array.from({ length: controls }, (_, i) => {
    const { component } = contestants[i % contestants.length] as Contestant;
    const draw = seeded(study.seed, `push/${i}`);
    const drawn = Float64Array.from({ length: study.engine.model.dModel }, () => draw.normal());
    const scale = norm(component.vectors[0] ?? []) / norm(drawn);
    return both(
      `random ${i + 1}`,
      hookPoint(component.site, component.layer),
      drawn.map((x) => x * scale),
    );
  });
  return [...own, ...random];
}

/**
 * N[d, c]: a direction subtracted once at its source layer, raw norm, at all positions, on the prompts of every category; and steering:
 * the same direction added to the harmless prompts that match each category, with whose refusal comes out. Both are supporting only: a
 * push of the stream's own size takes down much that it does not cause, which is why random rows of the same norm stand beside it.
 */
export async function pushAndSteer(
  study: Study,
  contestants: readonly Contestant[],
  settings: { controls: number; replies: number; pushes: number },
): Promise<PushData> {
  const rows = pushRows(study, contestants, settings.controls);
  const run = async (
    category: string,
    prompts: readonly StudyPrompt[],
    which: "subtract" | "add",
  ): Promise<CategoryData> => ({
    category,
    base: prompts.map(({ base }) => base),
    prompts: prompts.map(({ id, text }) => ({ id, text })),
    rows: await outcomesOf(
      study,
      prompts,
      [{ name: "baseline", edits: NO_EDITS }, ...rows.map(({ conditions }) => conditions[which])],
      { replies: settings.replies },
    ),
  });
  const data: PushData = {
    sources: contestants.map(({ component }) => ({
      name: component.name,
      at: hookPoint(component.site, component.layer),
      norm: norm(component.vectors[0] ?? []),
    })),
    pushed: [],
    steered: [],
    topics: [],
  };
  for (const { category, test } of contestants) {
    if (data.pushed.some((one) => one.category === category)) continue;
    data.pushed.push(await run(category, sample(test, settings.pushes, study.seed), "subtract"));
  }
  for (const { category, component } of contestants) {
    const matched = component.foundFrom?.negative;
    if (matched === undefined || data.steered.some((one) => one.category === category)) continue;
    const harmless = (await study.prompts(matched)).filter(
      ({ split, harmful }) => split === "test" && harmful !== true,
    );
    if (harmless.length > 0)
      data.steered.push(await run(category, sample(harmless, settings.pushes, study.seed), "add"));
  }
  const refusals = new Map(
    data.pushed.map(({ category, rows: [baseline] }) => [
      category,
      (baseline?.replies ?? []).filter((reply): reply is string => reply !== null && classOfReply(reply) === "refusal"),
    ]),
  );
  for (const { category, rows: outcomes } of data.steered) {
    for (const { component } of contestants) {
      const replies = outcomes.find(({ condition }) => condition === component.name)?.replies ?? [];
      const refusing = replies.filter((reply): reply is string => reply !== null && classOfReply(reply) === "refusal");
      const topics: Record<string, number> = {};
      for (const reply of refusing) {
        const topic = replyTopic(reply, refusals) ?? "";
        topics[topic] = (topics[topic] ?? 0) + 1;
      }
      data.topics.push({ added: component.name, on: category, topics, example: refusing[0] ?? null });
    }
  }
  return data;
}
