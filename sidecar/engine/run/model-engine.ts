import type {
  CallOptions,
  EncodeRequest,
  EncodeResult,
  Engine,
  ForwardRequest,
  ForwardResult,
  GenerateRequest,
  GenerateResult,
  LensRequest,
  LensResult,
} from "../../../shared/engine/engine.ts";
import type { ModelDescription } from "../../../shared/engine/model-description.ts";
import type { CutModel } from "../cut/block.ts";
import { encode } from "../dictionary/encode.ts";
import { DEFAULT_DICTIONARY_BUDGET, EncoderSessions } from "../dictionary/encoder-sessions.ts";
import type { ProviderName } from "../providers/provider-table.ts";
import { BlockStack } from "./block-stack.ts";
import { forward } from "./forward.ts";
import { type GenerateOptions, generate } from "./generate.ts";
import { lens } from "./lens.ts";
import type { LoadListener } from "./load-progress.ts";

export interface ModelEngineSettings {
  provider: ProviderName;
  threads: number | null;
  /** Bytes that the encoders of dictionaries may hold together; the default where absent. */
  dictionaryBudget?: number | null;
  /** Runs once before the first call; where it throws, so does every call. */
  beforeFirstCall?: () => Promise<void>;
  onLoading?: LoadListener;
}

/** The engine in this process: a cut model and its sessions. Calls run one after another. */
export class ModelEngine implements Engine {
  readonly model: ModelDescription;
  private readonly stack: BlockStack;
  private readonly encoders: EncoderSessions;
  private readonly beforeFirstCall: () => Promise<void>;
  private checked: Promise<void> | null = null;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(cut: CutModel, settings: ModelEngineSettings) {
    this.stack = new BlockStack(cut, settings, settings.onLoading);
    this.encoders = new EncoderSessions(settings, settings.dictionaryBudget ?? DEFAULT_DICTIONARY_BUDGET);
    this.beforeFirstCall = settings.beforeFirstCall ?? (async () => {});
    this.model = describe(cut, settings.provider);
  }

  forward(request: ForwardRequest, options: CallOptions = {}): Promise<ForwardResult> {
    return this.enqueueChecked(() => forward(this.stack, request, options));
  }

  generate(request: GenerateRequest, options: GenerateOptions = {}): Promise<GenerateResult> {
    return this.enqueueChecked(() => generate(this.stack, request, options));
  }

  lens(request: LensRequest, options: CallOptions = {}): Promise<LensResult> {
    return this.enqueueChecked(() => lens(this.stack, request, options));
  }

  /** Needs no part of the model, so it waits for no check of it. */
  encode(request: EncodeRequest, options: CallOptions = {}): Promise<EncodeResult> {
    return this.enqueue(() => encode(this.encoders, request, options));
  }

  /** Bytes that the encoders of dictionaries may hold together; what is above them is released. */
  setDictionaryBudget(bytes: number): Promise<void> {
    return this.enqueue(() => this.encoders.setBudget(bytes));
  }

  close(): Promise<void> {
    return this.enqueue(async () => {
      await this.encoders.release();
      await this.stack.release();
    });
  }

  private enqueueChecked<T>(call: () => Promise<T>): Promise<T> {
    return this.enqueue(async () => {
      this.checked ??= this.beforeFirstCall();
      await this.checked;
      return call();
    });
  }

  private enqueue<T>(call: () => Promise<T>): Promise<T> {
    const result = this.queue.then(call);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function describe(cut: CutModel, provider: ProviderName): ModelDescription {
  return {
    layers: cut.layers,
    dModel: cut.dModel,
    vocabSize: cut.vocabSize,
    architecture: cut.architecture,
    exporter: cut.exporter,
    kv: cut.kv,
    hookPoints: [...cut.hookPoints],
    blocks: cut.blocks.map(({ first, last }) => [first, last]),
    precision: cut.precision,
    provider,
    warnings: [...cut.warnings],
    contextLength: cut.contextLength,
    endTokens: [...cut.endTokens],
    hash: cut.hash,
  };
}
