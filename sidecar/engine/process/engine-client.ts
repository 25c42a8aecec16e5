import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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
  TokenListener,
} from "../../../shared/engine/engine.ts";
import type { ModelDescription } from "../../../shared/engine/model-description.ts";
import { RefractError } from "../../../shared/errors.ts";
import type { LoadListener } from "../run/load-progress.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { EngineCallName, EngineCalls, FromEngine, ToEngine } from "./messages.ts";
import { packArrays, unpackArrays } from "./packed-arrays.ts";

/** Beside this file: the bundle's name where this is bundled, else the source. */
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./engine-process.ts" : "./engine-process.mjs", import.meta.url),
);
const CLOSING_MS = 2000;
/**
 * glibc's settings for the process's memory. One heap for all threads: ONNX Runtime has allocators of its own, and several heaps hold on to what
 * loading has freed. Huge pages where the system gives them to who asks: a token reads every weight, 5 % faster so (float32, 1 and 8 lanes).
 */
const HEAP = { MALLOC_ARENA_MAX: "1", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onToken: TokenListener | undefined;
}

/** A running process and who waits for it. */
interface Running {
  child: ChildProcess;
  waiting: Map<number, Waiting>;
  /** Set once it is known why it ended. */
  ended: Promise<void>;
}

/**
 * The engine in a process of its own. When that dies, every call that waits is rejected with `engine-died`, and the next call starts a new
 * process with the same model.
 */
export class EngineClient implements Engine {
  readonly model: ModelDescription;
  private options: EngineOptions;
  private readonly folder: string;
  private readonly loading: Set<LoadListener>;
  private running: Running | null;
  private starting: Promise<Running> | null = null;
  private closed = false;

  private constructor(
    options: EngineOptions,
    folder: string,
    loading: Set<LoadListener>,
    running: Running,
    model: ModelDescription,
  ) {
    this.options = options;
    this.folder = folder;
    this.loading = loading;
    this.running = running;
    this.model = model;
  }

  /** Starts a process and opens a model in it. */
  static async open(options: EngineOptions, { signal }: CallOptions = {}): Promise<EngineClient> {
    const folder = mkdtempSync(join(tmpdir(), "refract-"));
    const loading = new Set<LoadListener>();
    const running = startProcess(loading);
    try {
      const model = await callProcess(running, folder, "open", options, signal, undefined);
      return new EngineClient(options, folder, loading, running, model);
    } catch (error) {
      await stopProcess(running);
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Process id of the engine, for a status view; `null` between a death and the next call. */
  get processId(): number | null {
    return this.running?.child.pid ?? null;
  }

  /** Tells how far the weights are while a call waits for them, until what is returned is called. */
  onLoading(listener: LoadListener): () => void {
    this.loading.add(listener);
    return () => this.loading.delete(listener);
  }

  forward(request: ForwardRequest, options: CallOptions = {}): Promise<ForwardResult> {
    return this.call("forward", request, options.signal);
  }

  generate(request: GenerateRequest, options: CallOptions & { onToken?: TokenListener } = {}): Promise<GenerateResult> {
    return this.call("generate", request, options.signal, options.onToken);
  }

  lens(request: LensRequest, options: CallOptions = {}): Promise<LensResult> {
    return this.call("lens", request, options.signal);
  }

  encode(request: EncodeRequest, options: CallOptions = {}): Promise<EncodeResult> {
    return this.call("encode", request, options.signal);
  }

  /** Bytes that the encoders of dictionaries may hold together, from now on and in a process that is started anew. */
  async setDictionaryBudget(bytes: number): Promise<void> {
    this.options = { ...this.options, dictionaryBudget: bytes };
    await this.call("setDictionaryBudget", { bytes }, undefined);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.running !== null) await stopProcess(this.running);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async call<N extends EngineCallName>(
    name: N,
    request: EngineCalls[N]["request"],
    signal: AbortSignal | undefined,
    onToken?: TokenListener,
  ): Promise<EngineCalls[N]["result"]> {
    if (this.closed) throw new RefractError("failed", "The model was closed.");
    return callProcess(await this.live(), this.folder, name, request, signal, onToken);
  }

  /** The running process, or a new one where it died. */
  private async live(): Promise<Running> {
    if (this.running !== null && isAlive(this.running)) return this.running;
    this.starting ??= this.restart().finally(() => {
      this.starting = null;
    });
    return this.starting;
  }

  private async restart(): Promise<Running> {
    const running = startProcess(this.loading);
    await callProcess(running, this.folder, "open", this.options, undefined, undefined);
    this.running = running;
    return running;
  }
}

function isAlive({ child }: Running): boolean {
  return child.connected && child.exitCode === null && child.signalCode === null;
}

function startProcess(loading: ReadonlySet<LoadListener>): Running {
  const child = fork(ENTRY, [], {
    serialization: "advanced",
    execArgv: [],
    // In VS Code process.execPath is Electron, which is Node only when it is told so.
    env: { ...HEAP, ...process.env, ELECTRON_RUN_AS_NODE: "1" },
    // The parent's stdout carries results: whatever native code prints belongs to stderr.
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const waiting = new Map<number, Waiting>();
  const ended = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      const calls = [...waiting.values()];
      waiting.clear();
      for (const { reject } of calls) {
        reject(new RefractError("engine-died", `The engine process ended (${why}); the next call starts a new one.`));
      }
      resolve();
    };
    child.on("exit", (code, signal) => end(signal === null ? `exit code ${code}` : signal));
    child.on("error", (error) => end(error.message));
  });
  child.on("message", (message: FromEngine) => {
    if (message.kind !== "loading") return receive(waiting, message);
    for (const listener of loading) listener(message.progress);
  });
  return { child, waiting, ended };
}

function receive(waiting: Map<number, Waiting>, message: Exclude<FromEngine, { kind: "loading" }>): void {
  const call = waiting.get(message.id);
  if (call === undefined) return;
  if (message.kind === "token") {
    call.onToken?.(message.lane, message.token);
    return;
  }
  waiting.delete(message.id);
  if (message.kind === "error") {
    const cause = message.cause === null ? {} : { cause: message.cause };
    call.reject(new RefractError(message.code, message.message, cause));
    return;
  }
  unpackArrays(message.result, message.arrays).then(call.resolve, call.reject);
}

let lastId = 0;

async function callProcess<N extends EngineCallName>(
  { child, waiting }: Running,
  folder: string,
  name: N,
  request: EngineCalls[N]["request"],
  signal: AbortSignal | undefined,
  onToken: TokenListener | undefined,
): Promise<EngineCalls[N]["result"]> {
  if (signal?.aborted === true) throw new RefractError("cancelled", "The call was stopped before it began.");
  lastId += 1;
  const id = lastId;
  const packed = await packArrays(request, folder, `request-${id}`);
  const cancel = (): void => send(child, { kind: "cancel", id });
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const result = await new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject, onToken });
      send(child, { kind: "call", id, name, request: packed.value, arrays: packed.arrays });
    });
    return result as EngineCalls[N]["result"];
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

function send(child: ChildProcess, message: ToEngine): void {
  // A process that is gone rejects its callers by its exit event.
  if (child.connected) child.send(message);
}

async function stopProcess({ child, ended }: Running): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), CLOSING_MS);
  await ended;
  clearTimeout(timer);
}
