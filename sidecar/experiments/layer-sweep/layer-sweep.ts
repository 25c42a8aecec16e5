import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import { INSTRUCTION } from "../study/stored-activations.ts";
import { type ReadProfile, readProfile, type Writes, writesOf } from "./read-profile.ts";
import { type SweepResult, summariseSweep } from "./summarise.ts";
import { sweepEffects } from "./sweep-effects.ts";
import { windowsOf } from "./windows.ts";

/** Where a component can be read, and where editing it has an effect: two profiles over layers, never mixed. */
export const layerSweep = defineExperiment({
  id: "layer-sweep",
  label: "Layer sweep",
  describe:
    "In which layers can a component be read, in which does editing it have an effect, and which operators write it?",
  options: {
    components: { type: "components", required: true, describe: "Components to sweep." },
    prompts: {
      type: "prompt-sets",
      required: true,
      describe: "Prompts that each component is edited on, in the same order; one set serves all.",
    },
    window: { type: "integer", default: 5, min: 1, describe: "Width of the sliding window, in layers." },
    outcome: {
      type: "choice",
      choices: ["refusal", "wording"],
      default: "refusal",
      describe: "What an effect is: the refusal is gone, or a refusal that stays begins with another word.",
    },
    jailbroken: {
      type: "prompt-set",
      optional: true,
      describe: "Prompts whose writes are shown beside refused and complied ones.",
    },
  },
  plan({ config, layers, count }) {
    const sets = config.components.map((_, i) => config.prompts[i] ?? config.prompts[0] ?? "");
    const empty = sets.find((set) => count(set, "test") === 0);
    if (empty !== undefined) throw refused(`prompts: ${empty} has no test prompts; a sweep reports on test.`);
    return config.components.flatMap((component, i): PlannedUnit[] => {
      const set = sets[i] ?? "";
      const input = { component, set };
      const test = count(set, "test");
      return [
        {
          id: `${component}-reading`,
          label: `reading ${component} by layer`,
          passes: 4 * count(set),
          replies: 0,
          input,
        },
        {
          id: `${component}-effect`,
          label: `editing ${component} by layer`,
          passes: (4 * layers + 1) * test,
          replies: 0,
          input,
        },
        { id: `${component}-writes`, label: `who writes ${component}`, passes: 3 * test, replies: 0, input },
      ];
    });
  },
  async execute(unit, study, config) {
    const component = await study.component(String(unit.input.component));
    const set = await study.prompts(String(unit.input.set));
    const test = set.filter(({ split }) => split === "test");
    if (unit.id.endsWith("-effect")) {
      const windows = windowsOf(study.engine.model.layers, config.window);
      const outcome = config.outcome === "wording" ? "wording" : "refusal";
      const effects = await sweepEffects(study, test, component.vectors, windows, outcome);
      return { ...effects, base: test.map(({ base }) => base), prompts: test.map(({ id, text }) => ({ id, text })) };
    }
    const sets = component.foundFrom ?? {
      positive: String(unit.input.set),
      negative: study.sets.find(({ name }) => name === unit.input.set)?.matched ?? "",
    };
    if (sets.negative === "") {
      throw refused(
        `component ${component.name}: was not found from prompts and ${unit.input.set} has no matched set, so there is nothing to tell it from.`,
      );
    }
    const [positive, negative] = [await study.prompts(sets.positive), await study.prompts(sets.negative)];
    if (unit.id.endsWith("-reading")) {
      const profiles: ReadProfile[] = [
        await readProfile(
          study,
          positive,
          negative,
          component.position ?? -1,
          `${sets.negative}, position ${component.position ?? -1}`,
        ),
        await readProfile(study, positive, negative, INSTRUCTION, `${sets.negative}, last instruction token`),
      ];
      for (const other of config.components) {
        if (other === component.name) continue;
        const found = (await study.component(other)).foundFrom;
        if (!found || found.positive === sets.positive) continue;
        const against = await study.prompts(found.positive);
        profiles.push(
          await readProfile(
            study,
            positive,
            against,
            component.position ?? -1,
            `${found.positive}, position ${component.position ?? -1}`,
          ),
        );
      }
      return { profiles };
    }
    const vector = component.vectors[0] ?? new Float32Array();
    const isTest = ({ split }: { split: string }) => split === "test";
    const writes: Writes[] = [
      await writesOf(study, positive.filter(isTest), vector, sets.positive),
      await writesOf(study, negative.filter(isTest), vector, sets.negative),
    ];
    if (config.jailbroken !== undefined) {
      writes.push(
        await writesOf(study, (await study.prompts(config.jailbroken)).filter(isTest), vector, config.jailbroken),
      );
    }
    return { writes, layer: component.layer };
  },
  summarise({ config, results, seed }) {
    const all = config.components.map((component): SweepResult => {
      const part = (name: string) => (results.get(`${component}-${name}`) ?? {}) as UnitData;
      return { component, ...part("reading"), ...part("effect"), ...part("writes") } as SweepResult;
    });
    return summariseSweep(all, config.outcome === "wording" ? "wording" : "refusal", seed);
  },
});
