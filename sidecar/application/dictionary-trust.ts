import type { CallOptions } from "../../shared/engine/engine.ts";
import { RefractError, refused } from "../../shared/errors.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import type { PromptMessage } from "../../shared/prompts/prompt.ts";
import type { MeasuredDictionary } from "../../shared/protocol/dictionary-messages.ts";
import { measureTrust, type Trust } from "../dictionaries/trust.ts";
import type { LoadedModel } from "./application.ts";
import { beginningOf } from "./beginning-of.ts";
import { modelTitle } from "./model-title.ts";

/** Weights of a suite of which the loss recovered is measured as well: it is done while the user works. */
const LARGEST_WITH_LOSS = 16 * 1024 * 1024;

/** Conversations that a dictionary is measured on. */
export type SamplePrompts = readonly (readonly PromptMessage[])[];

interface MeasureOptions extends CallOptions {
  loss: boolean;
}

interface Measured {
  prompts: string;
  trust: Promise<Trust>;
}

/** A dictionary that something speaks against. */
export interface Doubt {
  path: string;
  /** Its path and the reasons, as a sentence. */
  why: string;
}

/** What a user reads where edits by untrusted dictionaries don't run. */
export function waitsForWord(doubts: readonly Doubt[]): string {
  return `Edits by its features wait for your word: ${doubts.map(({ why }) => why).join(" ")}`;
}

/** How far each dictionary can be trusted on each model: measured at its first use and again on other prompts. */
export class DictionaryTrust {
  readonly #measured = new Map<string, Measured>();

  /** Measures dictionaries on prompts of a model, one after another: each takes several passes. */
  async measure(
    model: LoadedModel,
    dictionaries: readonly Dictionary[],
    prompts: SamplePrompts,
    options: CallOptions,
  ): Promise<MeasuredDictionary[]> {
    const measured: MeasuredDictionary[] = [];
    const values = dictionaries.reduce((sum, { dIn, features }) => sum + dIn * features, 0);
    const settings = { ...options, loss: values <= LARGEST_WITH_LOSS };
    for (const dictionary of dictionaries) {
      measured.push(described(dictionary, await this.#trustOf(model, dictionary, prompts, settings)));
    }
    return measured;
  }

  /** Those of the dictionaries that something speaks against. What was measured before holds; else they are measured on these prompts. */
  async doubts(
    model: LoadedModel,
    dictionaries: readonly Dictionary[],
    prompts: SamplePrompts,
    options: CallOptions,
  ): Promise<Doubt[]> {
    const doubts: Doubt[] = [];
    for (const dictionary of dictionaries) {
      const known = await this.#known(keyOf(model, dictionary));
      const { reasons } = known ?? (await this.#trustOf(model, dictionary, prompts, { ...options, loss: false }));
      if (reasons.length > 0) doubts.push({ path: dictionary.path, why: `${dictionary.path}: ${reasons.join("; ")}.` });
    }
    return doubts;
  }

  /** Throws `untrusted-dictionary` with the reasons, where something speaks against a dictionary whose path is not among the confirmed. */
  async require(
    model: LoadedModel,
    dictionaries: readonly Dictionary[],
    { prompts, confirmed }: { prompts: SamplePrompts; confirmed: readonly string[] },
    options: CallOptions,
  ): Promise<void> {
    const doubts = await this.doubts(model, dictionaries, prompts, options);
    const open = doubts.filter(({ path }) => !confirmed.includes(path));
    if (open.length > 0) throw new RefractError("untrusted-dictionary", waitsForWord(open));
  }

  async #trustOf(
    model: LoadedModel,
    dictionary: Dictionary,
    prompts: SamplePrompts,
    options: MeasureOptions,
  ): Promise<Trust> {
    const key = keyOf(model, dictionary);
    const sample = JSON.stringify(prompts.map((messages) => messages.map(({ role, text }) => [role, text])));
    const known = this.#measured.get(key)?.prompts === sample ? await this.#known(key) : null;
    if (known !== null) return known;
    if (prompts.length === 0) throw refused("A dictionary is measured on prompts: there is none.");
    const trust = measured(model, dictionary, prompts, options);
    this.#measured.set(key, { prompts: sample, trust });
    // A call that was stopped or failed has measured nothing.
    trust.catch(() => this.#measured.get(key)?.trust === trust && this.#measured.delete(key));
    return trust;
  }

  /** What was measured, or is being measured for another call: where that one is stopped, this one has nothing to go by. */
  async #known(key: string): Promise<Trust | null> {
    return (await this.#measured.get(key)?.trust.catch(() => null)) ?? null;
  }
}

function keyOf(model: LoadedModel, dictionary: Dictionary): string {
  return JSON.stringify([model.path, model.engine.model.hash, dictionary]);
}

async function measured(
  model: LoadedModel,
  dictionary: Dictionary,
  prompts: SamplePrompts,
  options: MeasureOptions,
): Promise<Trust> {
  const tokenizer = await model.tokenizer();
  const ledgers = prompts.map((messages) => tokenizer.ledger(messages));
  const limit = model.engine.model.contextLength ?? Number.POSITIVE_INFINITY;
  const ids = ledgers.map((ledger) => ledger.ids.slice(0, limit));
  const settings = { bos: await beginningOf(model), model: modelTitle(model.name, model.path), loss: options.loss };
  return measureTrust(model.engine, dictionary, ids, settings, options);
}

function described({ path, format, reads, writes, features, declared }: Dictionary, trust: Trust): MeasuredDictionary {
  const { fvu, l0, ...rest } = trust;
  const figure = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    ...{ path, format, reads, writes, features },
    declared: { fvu: declared.fvu, l0: declared.l0 },
    ...{ ...rest, fvu: figure(fvu), l0: figure(l0) },
  };
}
