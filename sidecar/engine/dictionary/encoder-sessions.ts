import { InferenceSession, type Tensor } from "onnxruntime-node";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { ProviderName } from "../providers/provider-table.ts";
import { type SessionSettings, sessionOptions } from "../run/session-options.ts";
import { type EncodeOutputs, encodeGraph } from "./encode-graph.ts";

/** What all encoders may hold in memory where nothing is set. */
export const DEFAULT_DICTIONARY_BUDGET = 4 * 1024 ** 3;

interface Held {
  session: InferenceSession;
  bytes: number;
}

/** Encoding sessions by dictionary and outputs, the least recently used released where they outgrow the budget. */
export class EncoderSessions {
  private readonly settings: SessionSettings;
  private budget: number;
  private readonly held = new Map<string, Held>();
  /** Dictionaries that the model's provider could not run, and why. */
  private readonly failed = new Map<string, string>();

  /** @param settings where the model runs: encoders run there too, and on the CPU where that fails. */
  constructor(settings: SessionSettings, budget: number) {
    this.settings = settings;
    this.budget = budget;
  }

  /** Where a dictionary is encoded, and why that is not where the model runs. */
  placeOf(dictionary: Dictionary): { provider: ProviderName; fallback: string | null } {
    const why = this.failed.get(JSON.stringify(dictionary));
    return why === undefined
      ? { provider: this.settings.provider, fallback: null }
      : { provider: "cpu", fallback: why };
  }

  /** Runs the encoder of a dictionary where the model runs; where that fails on a device, on the CPU, from then on. */
  async run(
    dictionary: Dictionary,
    outputs: EncodeOutputs,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<Readonly<Record<string, Tensor>>> {
    const { provider } = this.placeOf(dictionary);
    try {
      return await (await this.get(dictionary, outputs)).run(feeds);
    } catch (error) {
      if (provider === "cpu") throw error;
      const why = error instanceof Error ? error.message : String(error);
      this.failed.set(JSON.stringify(dictionary), `${provider} could not encode with it (${why.split("\n")[0]})`);
      return (await this.get(dictionary, outputs)).run(feeds);
    }
  }

  /** The session of a dictionary; one larger than the budget is held alone. */
  async get(dictionary: Dictionary, outputs: EncodeOutputs): Promise<InferenceSession> {
    const { W_enc, W_dec } = dictionary;
    const { provider } = this.placeOf(dictionary);
    const wanted = Object.entries(outputs).filter(([, on]) => on);
    const key = JSON.stringify([provider, dictionary, wanted]);
    const known = this.held.get(key);
    if (known !== undefined) {
      this.held.delete(key);
      this.held.set(key, known);
      return known.session;
    }
    const values = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
    const decodes = outputs.reconstruction || dictionary.rescaleByDecoderNorm;
    const bytes = 4 * (values(W_enc.shape) + (decodes ? values(W_dec.shape) : 0));
    await this.release(this.budget - bytes);
    const { graph, folder } = encodeGraph(dictionary, outputs);
    const session = await InferenceSession.create(graph, sessionOptions({ ...this.settings, provider }, folder));
    this.held.set(key, { session, bytes });
    return session;
  }

  /** Sets what all may hold together, in bytes, and releases what is above it. */
  async setBudget(bytes: number): Promise<void> {
    this.budget = bytes;
    await this.release(bytes);
  }

  /** Releases sessions, the least recently used first, until the others take at most `bytes`. */
  async release(bytes = 0): Promise<void> {
    let total = [...this.held.values()].reduce((sum, held) => sum + held.bytes, 0);
    for (const [key, { session, bytes: size }] of this.held) {
      if (total <= bytes) return;
      this.held.delete(key);
      total -= size;
      await session.release();
    }
  }
}
