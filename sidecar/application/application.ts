import type { CallOptions } from "../../shared/engine/engine.ts";
import { EngineClient } from "../engine/process/engine-client.ts";
import { cacheFolder } from "../engine/run/checked-models.ts";
import type { LoadListener } from "../engine/run/load-progress.ts";
import { type ModelTokenizer, openTokenizer } from "../engine/tokens/open-tokenizer.ts";
import { modelPath } from "./model-path.ts";

/** A model that is open: its engine, which runs in a process of its own, and its tokenizer. */
export interface LoadedModel {
  /** What the user gave: `demo`, a folder or a file. */
  name: string;
  /** The folder or file itself. */
  path: string;
  engine: EngineClient;
  /** Opened at first use: a model without tokenizer files runs on ids. */
  tokenizer(): Promise<ModelTokenizer>;
}

export interface ApplicationSettings {
  /** `auto` or a provider's name. */
  provider: string;
  /** Threads of one operator; `null` leaves it to the runtime. */
  threads: number | null;
  /** How many blocks a model is cut into; `null` leaves it to the count of layers. */
  blocks: number | null;
  /** Is told how far a model's weights are while a call waits for them. */
  onLoading?: LoadListener;
  /** Makes a path that the user gave absolute. */
  resolve(path: string): string;
}

/** What both doors, the command line and the WebSocket server, call. */
export class Application {
  private readonly settings: ApplicationSettings;
  private dictionaryBudget: number | null = null;
  private readonly opening = new Map<string, Promise<LoadedModel>>();

  constructor(settings: ApplicationSettings) {
    this.settings = settings;
  }

  /** Opens a model, or gives the one that is open already. Refused: what is no model, by file and field. */
  openModel(name: string, options: CallOptions = {}): Promise<LoadedModel> {
    const path = modelPath(name, this.settings.resolve);
    const known = this.opening.get(path);
    if (known !== undefined) return known;
    const opening = this.load(name, path, options);
    this.opening.set(path, opening);
    opening.catch(() => this.opening.delete(path));
    return opening;
  }

  /** What the encoders of dictionaries may hold together, by model, in bytes: of those that are open and those that will be. */
  async setDictionaryBudget(bytes: number): Promise<void> {
    this.dictionaryBudget = bytes;
    for (const { engine } of await this.models()) await engine.setDictionaryBudget(bytes);
  }

  /** The models that are open or being opened. */
  models(): Promise<LoadedModel[]> {
    return Promise.all(this.opening.values());
  }

  /** Ends a model's process; nothing happens where it is not open. */
  async closeModel(name: string): Promise<void> {
    const path = modelPath(name, this.settings.resolve);
    const opening = this.opening.get(path);
    this.opening.delete(path);
    await (await opening)?.engine.close();
  }

  async close(): Promise<void> {
    const all = [...this.opening.values()];
    this.opening.clear();
    for (const settled of await Promise.allSettled(all)) {
      if (settled.status === "fulfilled") await settled.value.engine.close();
    }
  }

  private async load(name: string, path: string, options: CallOptions): Promise<LoadedModel> {
    const { provider, threads, blocks } = this.settings;
    const { dictionaryBudget } = this;
    const engine = await EngineClient.open(
      { path, provider, threads, blocks, checkedFolder: cacheFolder(), dictionaryBudget },
      options,
    );
    // It may have been set anew while the model was opened.
    if (this.dictionaryBudget !== null && this.dictionaryBudget !== dictionaryBudget) {
      await engine.setDictionaryBudget(this.dictionaryBudget);
    }
    if (this.settings.onLoading !== undefined) engine.onLoading(this.settings.onLoading);
    let tokenizer: Promise<ModelTokenizer> | null = null;
    return {
      name,
      path,
      engine,
      tokenizer: () => {
        tokenizer ??= openTokenizer(path);
        return tokenizer;
      },
    };
  }
}
