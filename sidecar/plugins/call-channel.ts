import type { MessagePort, Worker } from "node:worker_threads";
import { RefractError, type RefractErrorCode } from "../../shared/errors.ts";

/**
 * Calls across a thread whose arguments and results may hold functions and abort signals beside plain data and typed arrays: the other
 * side gets stand-ins that call back. Functions live as long as the call that they were passed in.
 */

type Message =
  | { type: "call"; id: number; target: string; args: unknown[] }
  | { type: "return"; id: number; value: unknown }
  | { type: "throw"; id: number; message: string; code: RefractErrorCode | null }
  | { type: "abort"; signal: number };

type Callable = (...args: unknown[]) => unknown;

interface Wire {
  postMessage(message: unknown): void;
  on(event: "message", listener: (message: Message) => void): unknown;
}

const FUNCTION = "$function";
const SIGNAL = "$signal";

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export interface CallChannel {
  /** Calls a function that the other side serves under a name. */
  call(target: string, args: readonly unknown[]): Promise<unknown>;
  /** Rejects everything that is under way. */
  fail(error: Error): void;
  /** Calls from the other side that this side is still answering. */
  readonly answering: number;
}

/** Opens a channel over a worker (or, inside it, its parent's port). `serve` finds what a name stands for. */
export function openCallChannel(
  port: Worker | MessagePort,
  serve: (target: string) => Callable | undefined,
  onTraffic: () => void = () => {},
): CallChannel {
  const wire: Wire = port;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void; release(): void }>();
  const functions = new Map<number, Callable>();
  const signals = new Map<number, AbortController>();
  let next = 1;
  let answering = 0;

  function encode(value: unknown, owned: (() => void)[]): unknown {
    if (typeof value === "function") {
      const handle = next++;
      functions.set(handle, value as Callable);
      owned.push(() => functions.delete(handle));
      return { [FUNCTION]: handle };
    }
    if (value instanceof AbortSignal) {
      const handle = next++;
      const abort = () => wire.postMessage({ type: "abort", signal: handle } satisfies Message);
      value.addEventListener("abort", abort, { once: true });
      owned.push(() => value.removeEventListener("abort", abort));
      return { [SIGNAL]: handle, aborted: value.aborted };
    }
    if (Array.isArray(value)) return value.map((entry) => encode(entry, owned));
    if (isPlain(value))
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, encode(entry, owned)]));
    return value;
  }

  function decode(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(decode);
    if (!isPlain(value)) return value;
    const handle = value[FUNCTION];
    if (typeof handle === "number") return (...args: unknown[]) => send(`#${handle}`, args);
    const signal = value[SIGNAL];
    if (typeof signal === "number") {
      const controller = new AbortController();
      if (value.aborted === true) controller.abort();
      else signals.set(signal, controller);
      return controller.signal;
    }
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, decode(entry)]));
  }

  function send(target: string, args: readonly unknown[]): Promise<unknown> {
    const id = next++;
    const owned: (() => void)[] = [];
    return new Promise((resolve, reject) => {
      const release = () => {
        for (const free of owned) free();
      };
      waiting.set(id, { resolve, reject, release });
      try {
        wire.postMessage({ type: "call", id, target, args: args.map((arg) => encode(arg, owned)) } satisfies Message);
      } catch (error) {
        waiting.delete(id);
        release();
        reject(error);
      }
    });
  }

  async function answer(message: Extract<Message, { type: "call" }>): Promise<void> {
    answering++;
    try {
      const handle = message.target.startsWith("#")
        ? functions.get(Number(message.target.slice(1)))
        : serve(message.target);
      if (!handle) throw new Error(`there is nothing to call under "${message.target}" any more`);
      const value = await handle(...message.args.map(decode));
      // What a result's functions close over cannot be released by the caller: results are data.
      wire.postMessage({ type: "return", id: message.id, value } satisfies Message);
    } catch (error) {
      wire.postMessage({
        type: "throw",
        id: message.id,
        message: error instanceof Error ? error.message : String(error),
        code: error instanceof RefractError ? error.code : null,
      } satisfies Message);
    } finally {
      answering--;
      onTraffic();
    }
  }

  wire.on("message", (message) => {
    if (message.type === "call") {
      void answer(message);
      onTraffic();
      return;
    }
    onTraffic();
    if (message.type === "abort") {
      signals.get(message.signal)?.abort();
      signals.delete(message.signal);
      return;
    }
    const call = waiting.get(message.id);
    if (!call) return;
    waiting.delete(message.id);
    call.release();
    if (message.type === "return") call.resolve(message.value);
    else call.reject(message.code ? new RefractError(message.code, message.message) : new Error(message.message));
  });

  return {
    call: send,
    fail(error) {
      for (const call of waiting.values()) {
        call.release();
        call.reject(error);
      }
      waiting.clear();
    },
    get answering() {
      return answering;
    },
  };
}
