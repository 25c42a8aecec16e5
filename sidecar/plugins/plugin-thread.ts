import { Worker } from "node:worker_threads";
import { RefractError } from "../../shared/errors.ts";
import { type CallChannel, openCallChannel } from "./call-channel.ts";

/** Sources run as they are, the bundle has its own file beside it. */
function workerFile(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./plugin-worker.ts" : "./plugin-worker.mjs", import.meta.url);
}

export interface PluginThreadOptions {
  /** URL of the plugin's module. */
  url: string;
  /** How the plugin is named in messages. */
  label: string;
  /** After so long without a sign of life, while nothing is being done for it, it is stopped. */
  idleMs: number;
}

const START_MS = 60_000;

/**
 * A thread for one plugin. A plugin that throws fails its call; one that hangs, also in an endless loop, is stopped; one that ends its
 * thread takes nothing with it. The next call starts a new thread.
 */
export class PluginThread {
  readonly #options: PluginThreadOptions;
  #running: { worker: Worker; channel: CallChannel } | null = null;
  #loaded: Promise<unknown> | null = null;
  #calls = 0;
  /** A thread that is starting on a busy machine shows no sign of life for a while. */
  #limit = START_MS;
  #idle: NodeJS.Timeout | null = null;

  constructor(options: PluginThreadOptions) {
    this.#options = options;
  }

  /** Loads the module; its description has "function" for each function. */
  load(): Promise<unknown> {
    this.#loaded ??= this.#call("load", []).then((shape) => {
      this.#limit = this.#options.idleMs;
      return shape;
    });
    return this.#loaded;
  }

  async call(target: string, args: readonly unknown[]): Promise<unknown> {
    await this.load();
    return this.#call(target, args);
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#forget();
    await running?.worker.terminate();
  }

  async #call(target: string, args: readonly unknown[]): Promise<unknown> {
    const { channel } = this.#start();
    this.#calls++;
    this.#watch();
    try {
      return await channel.call(target, args);
    } catch (error) {
      if (error instanceof RefractError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new RefractError("failed", `${this.#options.label}: ${message}`, { cause: error });
    } finally {
      this.#calls--;
      this.#watch();
    }
  }

  #start(): { worker: Worker; channel: CallChannel } {
    if (this.#running) return this.#running;
    const worker = new Worker(workerFile(), { workerData: this.#options.url, stdout: true });
    // A plugin's own prints are no results.
    worker.stdout.pipe(process.stderr, { end: false });
    worker.unref();
    const channel = openCallChannel(
      worker,
      () => undefined,
      () => this.#watch(),
    );
    const ended = (why: string) => {
      if (this.#running?.worker !== worker) return;
      this.#forget();
      channel.fail(new RefractError("failed", `${this.#options.label}: ${why}`));
    };
    worker.on("error", (error) => ended(`an error that it did not catch ended it (${error.message})`));
    worker.on("exit", (code) => ended(`it ended its own thread (exit code ${code})`));
    this.#running = { worker, channel };
    return this.#running;
  }

  #forget(): void {
    this.#running = null;
    this.#loaded = null;
    this.#limit = START_MS;
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
  }

  #watch(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    const running = this.#running;
    if (!running || this.#calls === 0 || running.channel.answering > 0) return;
    this.#idle = setTimeout(() => {
      const seconds = this.#limit / 1000;
      this.#forget();
      running.channel.fail(
        new RefractError("failed", `${this.#options.label}: it gave no sign of life for ${seconds} s and was stopped.`),
      );
      void running.worker.terminate();
    }, this.#limit);
  }
}
