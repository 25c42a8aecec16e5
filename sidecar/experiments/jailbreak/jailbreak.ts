import type { Lane } from "../../../shared/engine/engine.ts";
import { hookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { meanRow } from "../../statistics/activations.ts";
import { cosine } from "../../statistics/vectors.ts";
import { add, NO_EDITS } from "../study/edit-rows.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { runLanes, runReplies } from "../study/run-lanes.ts";
import { sample } from "../study/sample.ts";
import { activationsAt, captureActivations, INSTRUCTION } from "../study/stored-activations.ts";
import { readingAt, readingsFrom, restore } from "./readings-by-layer.ts";
import { type JailbreakData, summariseJailbreak, type WrapperData } from "./summarise.ts";

interface Pair {
  bare: StudyPrompt;
  wrapped: StudyPrompt;
}

/** Pairs a wrapped set with the bare one by base, in the wrapped set's order. */
function pairs(bare: readonly StudyPrompt[], wrapped: readonly StudyPrompt[]): Pair[] {
  const byBase = new Map(bare.map((prompt) => [prompt.base, prompt]));
  return wrapped.flatMap((prompt) => {
    const own = byBase.get(prompt.base);
    return own ? [{ bare: own, wrapped: prompt }] : [];
  });
}

async function scores(study: Study, lanes: readonly Lane[]): Promise<number[]> {
  const results = await runLanes(study, lanes, [], "last");
  return results.map(({ logits }) => Math.round(firstTokenScore(logits, study.refusal.ids) * 1000) / 1000);
}

/** Mean of wrapped minus bare activations at the last prompt token, on training pairs: the wrapper's jailbreak vector. */
async function jailbreakVector(study: Study, all: readonly Pair[], layer: number): Promise<Float64Array | null> {
  const train = all.filter(({ wrapped }) => wrapped.split === "train");
  if (train.length < 2) return null;
  const mean = async (prompts: readonly StudyPrompt[]) =>
    meanRow(activationsAt(await captureActivations(study, prompts, { layers: [layer], positions: [-1] }), layer, -1));
  const [bare, wrapped] = [await mean(train.map((pair) => pair.bare)), await mean(train.map((pair) => pair.wrapped))];
  return wrapped.map((x, j) => x - (bare[j] ?? 0));
}

/** How do jailbreaks move the components? Shifts, restoration, and vectors that carry over from one wrapper to another. */
export const jailbreak = defineExperiment({
  id: "jailbreak",
  label: "Jailbreak",
  describe: "What does each jailbreak wrapper move: what is read as harmful, or refusal alone?",
  options: {
    prompts: { type: "prompt-set", required: true, describe: "The bare prompts." },
    wrapped: {
      type: "prompt-sets",
      required: true,
      describe: "The same prompts in each wrapper, one set each, with the bare prompts' base.",
    },
    harmfulness: { type: "component", required: true, describe: "What the model reads as harmful." },
    refusal: { type: "component", required: true, describe: "What it refuses by." },
    harmless: {
      type: "prompt-set",
      optional: true,
      describe: "Harmless prompts, from which the gap of the readings is measured; the components' own where absent.",
    },
    replies: { type: "integer", default: 4, min: 0, describe: "Replies of each wrapper that are shown." },
    moved: {
      type: "number",
      default: 0.25,
      min: 0,
      max: 1,
      describe:
        "A reading has moved when it falls by more than this share of its gap between harmful and harmless prompts.",
    },
  },
  plan({ config, count }) {
    const empty = [config.prompts, ...config.wrapped].find((set) => count(set, "test") === 0);
    if (empty !== undefined) throw refused(`prompts: ${empty} has no test prompts.`);
    const test = count(config.prompts, "test");
    return config.wrapped.map(
      (set): PlannedUnit => ({
        id: set,
        label: `in wrapper ${set}`,
        passes: 9 * test,
        replies: 2 * config.replies,
        input: { set },
      }),
    );
  },
  async execute(unit, study, config) {
    const set = String(unit.input.set);
    const bare = await study.prompts(config.prompts);
    const all = pairs(bare, await study.prompts(set));
    const test = all.filter(({ wrapped }) => wrapped.split === "test");
    if (test.length === 0)
      throw refused(`prompts.${set}: none of its test prompts has the base of a prompt of ${config.prompts}.`);
    const [harm, refuse] = [await study.component(config.harmfulness), await study.component(config.refusal)];
    const gapOf = async (component: typeof harm, place: number) => {
      const negative = config.harmless ?? component.foundFrom?.negative;
      const harmless =
        negative === undefined ? [] : (await study.prompts(negative)).filter(({ split }) => split === "test");
      const own = (readings: number[][][]) => readings.map((one) => readingAt(one[0], place));
      return { harmless: own(await readingsFrom(study, harmless, component, place)), own };
    };
    const [harmGap, refuseGap] = [await gapOf(harm, INSTRUCTION), await gapOf(refuse, -1)];
    const bareHarm = await readingsFrom(
      study,
      test.map((pair) => pair.bare),
      harm,
      INSTRUCTION,
    );
    const wrappedHarm = await readingsFrom(
      study,
      test.map((pair) => pair.wrapped),
      harm,
      INSTRUCTION,
    );
    const bareRefuse = await readingsFrom(
      study,
      test.map((pair) => pair.bare),
      refuse,
      -1,
    );
    const wrappedRefuse = await readingsFrom(
      study,
      test.map((pair) => pair.wrapped),
      refuse,
      -1,
    );
    const plain = (which: "bare" | "wrapped"): Lane[] =>
      test.map((pair) => ({ ids: pair[which].ids, edits: NO_EDITS }));
    const withHarm = test.map(
      ({ wrapped }, i): Lane => ({
        ids: wrapped.ids,
        edits: restore(study, wrapped, harm, INSTRUCTION, bareHarm[i] ?? []),
      }),
    );
    const withRefusal = test.map(
      ({ wrapped }, i): Lane => ({ ids: wrapped.ids, edits: restore(study, wrapped, refuse, -1, bareRefuse[i] ?? []) }),
    );
    const refusalHeldDown = test.map(
      ({ bare: prompt }, i): Lane => ({
        ids: prompt.ids,
        edits: restore(study, prompt, refuse, -1, wrappedRefuse[i] ?? []),
      }),
    );
    const vectors = [];
    for (const other of config.wrapped)
      vectors.push({
        wrapper: other,
        vector: await jailbreakVector(study, pairs(bare, await study.prompts(other)), refuse.layer),
      });
    const own = vectors.find(({ wrapper }) => wrapper === set)?.vector ?? null;
    const transfer = [];
    for (const { wrapper, vector } of vectors) {
      if (!vector) continue;
      const edits = add(hookPoint("resid_pre", refuse.layer), vector, -1, "last");
      transfer.push({
        wrapper,
        cosine: own ? cosine(own, vector) : null,
        scores: await scores(
          study,
          test.map(({ wrapped }) => ({ ids: wrapped.ids, edits })),
        ),
      });
    }
    const shownAt = sample(
      test.map((_, i) => i),
      config.replies,
      study.seed,
    );
    const chosen = shownAt
      .flatMap((i) => [plain("bare")[i], plain("wrapped")[i]])
      .flatMap((lane) => (lane ? [lane] : []));
    const replies = await runReplies(study, chosen, { maxNewTokens: 32 });
    const data: WrapperData = {
      wrapper: set,
      prompts: test.map((pair) => ({ id: pair.wrapped.id, text: pair.wrapped.text, base: pair.bare.base })),
      bare: {
        harmfulness: harmGap.own(bareHarm),
        refusal: refuseGap.own(bareRefuse),
        scores: await scores(study, plain("bare")),
      },
      wrapped: {
        harmfulness: harmGap.own(wrappedHarm),
        refusal: refuseGap.own(wrappedRefuse),
        scores: await scores(study, plain("wrapped")),
      },
      harmless: { harmfulness: harmGap.harmless, refusal: refuseGap.harmless },
      harmfulnessRestored: await scores(study, withHarm),
      refusalRestored: await scores(study, withRefusal),
      refusalTaken: await scores(study, refusalHeldDown),
      transfer,
      replies: shownAt.map((i, k) => ({
        i,
        bare: replies[2 * k]?.text ?? "",
        wrapped: replies[2 * k + 1]?.text ?? "",
      })),
      profile: {
        harmfulness: {
          first: harm.layer,
          bare: layerMeans(bareHarm, INSTRUCTION),
          wrapped: layerMeans(wrappedHarm, INSTRUCTION),
        },
        refusal: { first: refuse.layer, bare: layerMeans(bareRefuse, -1), wrapped: layerMeans(wrappedRefuse, -1) },
      },
    };
    return { ...data };
  },
  summarise({ results, config, seed }) {
    const data: JailbreakData = [...results.values()].map((one) => one as UnitData & WrapperData);
    return summariseJailbreak(data, {
      harmfulness: config.harmfulness,
      refusal: config.refusal,
      moved: config.moved,
      seed,
    });
  },
});

/** Mean reading by layer. */
function layerMeans(readings: readonly number[][][], place: number): number[] {
  const count = readings[0]?.length ?? 0;
  return Array.from(
    { length: count },
    (_, l) => readings.reduce((sum, one) => sum + readingAt(one[l], place), 0) / readings.length,
  );
}
