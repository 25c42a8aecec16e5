import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { SearchRecord } from "../../shared/plugin/direction-finder.ts";
import type { Scorer } from "../../shared/plugin/scorer.ts";
import type { PromptSetInfo, RefusalTokens, Study, StudyMessage, StudyPrompt } from "../../shared/plugin/study.ts";
import type { MessageRole } from "../../shared/prompts/prompt.ts";
import type { Spec } from "../../shared/spec/spec-schema.ts";
import type { Taxonomy } from "../../shared/spec/taxonomy.ts";
import { featureVectors } from "../dictionaries/feature-vectors.ts";
import { openDictionaries } from "../dictionaries/open-dictionary.ts";
import { dictionaryRows } from "../edits/dictionary-rows.ts";
import { NO_EDITS } from "../experiments/study/edit-rows.ts";
import { plainEngine } from "../plugins/plain-engine.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { compileCondition } from "./compile-condition.ts";
import { sha256 } from "./manifest.ts";
import { readPrompt } from "./read-prompt.ts";
import type { StudyModel } from "./study-model.ts";

/** What all experiments of a run share. */
export interface RunMaterial {
  spec: Spec;
  /** Absolute. */
  specPath: string;
  specFolder: string;
  /** The day that templates which write a date see. */
  date: Date;
  model: StudyModel;
  registry: PluginRegistry;
  sets: ReadonlyMap<string, readonly StudyPrompt[]>;
  positions: readonly number[];
  scorers: ReadonlyMap<string, Scorer>;
  taxonomy: Taxonomy | null;
  exhaustive: boolean;
  signal: AbortSignal;
  component(name: string): Promise<Component>;
  search(name: string): Promise<SearchRecord>;
  refusal(): RefusalTokens;
}

export interface StudyListener {
  advance(passes: number): void;
  warn(sentence: string): void;
}

function roleOf(role: string): MessageRole {
  if (role === "system" || role === "user" || role === "assistant" || role === "tool") return role;
  throw refused(`a message has the role "${role}"; expected system, user, assistant or tool.`);
}

/** The study that one experiment works with. */
export function openStudy(experiment: string, material: RunMaterial, listener: StudyListener): Study {
  const { spec, model, registry } = material;
  const { engine, tokenizer } = model;
  const sets = Object.entries(spec.prompts).map(
    ([name, set]): PromptSetInfo => ({ name, harmful: set.harmful ?? null, matched: set.matched ?? null }),
  );
  const ledgerOf = (messages: readonly StudyMessage[]) =>
    tokenizer.ledger(
      messages.map(({ role, content }) => ({ role: roleOf(role), text: content, segments: [] })),
      { date: material.date },
    );
  return {
    engine: plainEngine(engine),
    seed: Number.parseInt(sha256(`${spec.seed}/${experiment}`).slice(0, 8), 16),
    exhaustive: material.exhaustive,
    positions: material.positions,
    sets,
    refusal: material.refusal(),
    taxonomy: material.taxonomy,
    scorers: [...material.scorers.keys()],
    readings: spec.readings.map((id) => ({ id, needsDirection: registry.find("readings", id).needs.direction })),
    signal: material.signal,
    async prompts(set) {
      const prompts = material.sets.get(set);
      if (!prompts)
        throw refused(
          `${experiment}: the prompt set "${set}" was not read (sets: ${[...material.sets.keys()].join(", ")}).`,
        );
      return prompts;
    },
    component: (name) => material.component(name),
    search: (name) => material.search(name),
    async condition(name) {
      if (name === "baseline") return NO_EDITS;
      const edits = spec.conditions[name];
      if (!edits) throw refused(`${experiment}: there is no condition "${name}".`);
      const compiled = await compileCondition(name, edits, {
        model: engine.model,
        specPath: material.specPath,
        dictionaryFormats: registry.all("dictionaries"),
        component: material.component,
      });
      return compiled.edits;
    },
    async score(name, inputs) {
      const scorer = material.scorers.get(name) ?? registry.find("scorers", name);
      const scores = await scorer.score(inputs);
      if (!Array.isArray(scores) || scores.length !== inputs.length) {
        throw refused(
          `scorer ${name}: gave ${Array.isArray(scores) ? scores.length : "no"} scores for ${inputs.length} inputs.`,
        );
      }
      return scores;
    },
    async read(name, prompt, { site, component }) {
      return readPrompt(registry.find("readings", name), engine, {
        ledger: ledgerOf(prompt.messages),
        site,
        component: component === null ? null : await material.component(component),
        refusalTokens: material.refusal().ids,
        signal: material.signal,
      });
    },
    decode: async (ids) => tokenizer.decode(ids),
    async encode(messages: readonly StudyMessage[]) {
      const ledger = ledgerOf(messages);
      return { ids: ledger.ids, lastInstruction: ledger.lastInstruction ?? ledger.ids.length - 1 };
    },
    dictionaries: (path) => openDictionaries(resolve(material.specFolder, path), registry.all("dictionaries")),
    decoderRows: async (dictionary, features) => (await featureVectors(dictionary, features)).map(({ v }) => v),
    async scaleFeatures(dictionary, features, factor) {
      const place = { at: dictionary.reads, positions: "all", edit: 0 } as const;
      const change = { kind: "scale", factor } as const;
      return dictionaryRows(
        dictionary,
        features.map((feature) => ({ feature, change })),
        "keep",
        place,
      );
    },
    readText: (file) => readFile(resolve(material.specFolder, file), "utf8"),
    advance: listener.advance,
    warn: listener.warn,
  };
}
