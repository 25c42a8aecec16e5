/**
 * The engine's process: one model, calls over the channel to the process that started it. It ends when that one ends.
 * Interrupts of the terminal reach both; this one leaves them to its parent, which cancels what runs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RefractError } from "../../../shared/errors.ts";
import type { ModelEngine } from "../run/model-engine.ts";
import type { EngineCallName, EngineCalls, FromEngine, ToEngine } from "./messages.ts";
import { openModel } from "./open-model.ts";
import { packArrays, unpackArrays } from "./packed-arrays.ts";

const folder = mkdtempSync(join(tmpdir(), "refract-engine-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => process.exit(0));
process.on("disconnect", () => process.exit(0));

let engine: ModelEngine | null = null;
const running = new Map<number, AbortController>();

function opened(): ModelEngine {
  if (engine === null) throw new RefractError("failed", "The engine was called before it had a model.");
  return engine;
}

type Handler<N extends EngineCallName> = (
  request: EngineCalls[N]["request"],
  id: number,
  signal: AbortSignal,
) => Promise<EngineCalls[N]["result"]>;

const HANDLERS: { [N in EngineCallName]: Handler<N> } = {
  async open(options) {
    engine = await openModel(options, (progress) => send({ kind: "loading", progress }));
    return engine.model;
  },
  forward: (request, _id, signal) => opened().forward(request, { signal }),
  generate: (request, id, signal) =>
    opened().generate(request, { signal, onToken: (lane, token) => send({ kind: "token", id, lane, token }) }),
  lens: (request, _id, signal) => opened().lens(request, { signal }),
  encode: (request, _id, signal) => opened().encode(request, { signal }),
  async setDictionaryBudget({ bytes }) {
    await opened().setDictionaryBudget(bytes);
    return null;
  },
};

process.on("message", (message: ToEngine) => {
  if (message.kind === "cancel") running.get(message.id)?.abort();
  else void answer(message);
});

async function answer(message: ToEngine & { kind: "call" }): Promise<void> {
  const { id } = message;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const request = await unpackArrays(message.request, message.arrays);
    const handler = HANDLERS[message.name] as (request: unknown, id: number, signal: AbortSignal) => Promise<unknown>;
    const result = await handler(request, id, controller.signal);
    const { value, arrays } = await packArrays(result, folder, `result-${id}`);
    send({ kind: "result", id, result: value, arrays });
  } catch (error) {
    const known = error instanceof RefractError ? error : null;
    const message = error instanceof Error ? error.message : String(error);
    const stack = error instanceof Error ? (error.stack ?? null) : null;
    send({ kind: "error", id, code: known?.code ?? "failed", message, cause: stack });
  } finally {
    running.delete(id);
  }
}

function send(message: FromEngine): void {
  // The channel may be gone by now, or go while this is written: then so is everyone who waits.
  if (!process.connected) return;
  process.send?.(message, undefined, undefined, (error: Error | null) => {
    if (error !== null) process.exit(0);
  });
}
