import { randomUUID } from "node:crypto";
import { RefractError, refused } from "../../shared/errors.ts";
import { checkMessage } from "../../shared/protocol/check-message.ts";
import type { ClientFrame, ServerFrame } from "../../shared/protocol/frames.ts";
import { type Handlers, METHODS, type MethodName, type StreamCall } from "../../shared/protocol/interface.ts";
import { toWireError } from "../../shared/protocol/wire-error.ts";
import { RunningCall } from "./running-call.ts";

type AnyHandler = (params: unknown, call: StreamCall<unknown>) => Promise<unknown>;

function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** One client's calls. It outlives the client's socket, so that a client that reconnects finds its calls running. */
export class Session {
  readonly id = randomUUID();
  readonly #handlers: Handlers;
  readonly #calls = new Map<number, RunningCall>();
  #send: ((frame: ServerFrame) => void) | null = null;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
  }

  get connected(): boolean {
    return this.#send !== null;
  }

  attach(send: (frame: ServerFrame) => void): void {
    this.#send = send;
  }

  /** Lets go of the socket that `send` writes to; false where a newer one has taken its place. */
  detach(send: (frame: ServerFrame) => void): boolean {
    if (this.#send !== send) return false;
    this.#send = null;
    return true;
  }

  /** Which of the calls that a client remembers are known here. */
  known(calls: readonly { id: number }[]): number[] {
    return calls.filter(({ id }) => this.#calls.has(id)).map(({ id }) => id);
  }

  /** Sends again what the client has missed; calls that the client has forgotten are cancelled. */
  resume(calls: readonly { id: number; seq: number }[]): void {
    const remembered = new Map(calls.map(({ id, seq }) => [id, seq]));
    for (const [id, call] of this.#calls) {
      const seq = remembered.get(id);
      if (seq === undefined) {
        call.cancel();
        this.#calls.delete(id);
      } else {
        call.resume(seq);
      }
    }
  }

  receive(frame: Exclude<ClientFrame, { type: "hello" }>): void {
    if (frame.type === "call") void this.#run(frame);
    else if (frame.type === "cancel") this.#calls.get(frame.id)?.cancel();
    else if (frame.type === "ack") this.#calls.get(frame.id)?.confirm(frame.seq);
    else this.#calls.delete(frame.id);
  }

  /** Cancels everything: the client is gone for good. */
  end(): void {
    for (const call of this.#calls.values()) call.cancel();
    this.#calls.clear();
    this.#send = null;
  }

  async #run(frame: Extract<ClientFrame, { type: "call" }>): Promise<void> {
    const { id, method } = frame;
    const call = new RunningCall(id, (out) => this.#send?.(out));
    if (this.#calls.has(id)) {
      const twice = refused(`Call ${id} (${method}) uses the number of a call that is still running.`);
      this.#send?.({ type: "error", id, error: toWireError(twice) });
      return;
    }
    this.#calls.set(id, call);
    try {
      if (!isMethod(method)) {
        throw refused(`There is no call "${method}"; there are ${Object.keys(METHODS).join(", ")}.`);
      }
      const params = checkMessage(METHODS[method].params, frame.params, method);
      // The table gives each method its parameters' type; the union over all methods cannot be called without forgetting which one it is.
      const handler = this.#handlers[method] as AnyHandler;
      const result = await handler(params, call);
      call.settle({ type: "result", id, result });
    } catch (error) {
      const thrown = call.signal.aborted ? new RefractError("cancelled", `${method} was cancelled.`) : error;
      call.settle({ type: "error", id, error: toWireError(thrown) });
    }
  }
}
