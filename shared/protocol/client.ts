import { RefractError } from "../errors.ts";
import { checkMessage } from "./check-message.ts";
import { decodeFrame, encodeFrame } from "./codec.ts";
import type { FrameSocket } from "./frame-socket.ts";
import { type ClientFrame, type ServerFrame, serverFrameSchema } from "./frames.ts";
import {
  type CallOptions,
  type EventOf,
  METHODS,
  type MethodName,
  type ParamsOf,
  type RefractClient,
  type RequestName,
  type ResultOf,
  type StreamName,
} from "./interface.ts";
import { PROTOCOL_VERSION } from "./version.ts";
import { fromWireError } from "./wire-error.ts";

export interface ClientOptions {
  /** Opens a socket to the server; called again for every attempt to reconnect. */
  connect: () => Promise<FrameSocket>;
  token: string;
  /** Names this client in the server's log. */
  name: string;
  /** Waits between the attempts to reconnect, in milliseconds; after the last one the calls fail. */
  retryDelays: readonly number[];
  onState: (state: ConnectionState) => void;
}

export type ConnectionState =
  | { kind: "connected"; server: string }
  | { kind: "reconnecting"; reason: string }
  | { kind: "closed"; reason: string };

interface OpenCall {
  method: MethodName;
  onEvent: (event: unknown) => void | Promise<void>;
  options: CallOptions;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
  /** The frame that starts the call, until a socket has taken it. */
  unsent: ClientFrame | null;
  /** The last event that arrived. */
  seq: number;
  /** Events are taken in one after the other. */
  taken: Promise<void>;
}

/** How long a server may take to answer the first frame. */
const WELCOME_MS = 10_000;

/** The protocol's client: it knows no socket library, so that the extension, tests and other programs bring their own. */
export class ProtocolClient implements RefractClient {
  readonly #options: ClientOptions;
  readonly #calls = new Map<number, OpenCall>();
  #socket: FrameSocket | null = null;
  #session: string | null = null;
  #nextId = 1;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Connects for the first time. Throws `disconnected`, or `refused` where the server refuses the token or the protocol's version. */
  async open(): Promise<void> {
    const server = await this.#connect();
    this.#options.onState({ kind: "connected", server });
  }

  /** Ends the connection and every running call. */
  close(reason: string): void {
    this.#end(reason);
  }

  request<N extends RequestName>(method: N, params: ParamsOf<N>, options: CallOptions = {}): Promise<ResultOf<N>> {
    return this.#call(method, params, () => undefined, options);
  }

  stream<N extends StreamName>(
    method: N,
    params: ParamsOf<N>,
    onEvent: (event: EventOf<N>) => void | Promise<void>,
    options: CallOptions = {},
  ): Promise<ResultOf<N>> {
    const schema = METHODS[method].event;
    const take = (event: unknown) => onEvent(checkMessage(schema, event, `Event of ${method}`) as EventOf<N>);
    return this.#call(method, params, take, options);
  }

  async #call<N extends MethodName>(
    method: N,
    params: ParamsOf<N>,
    onEvent: (event: unknown) => void | Promise<void>,
    options: CallOptions,
  ): Promise<ResultOf<N>> {
    if (options.signal?.aborted) throw new RefractError("cancelled", `${method} was cancelled.`);
    if (this.#closed) throw new RefractError("disconnected", "The connection to the sidecar is closed.");
    const id = this.#nextId++;
    const cancel = () => this.#send({ type: "cancel", id });
    options.signal?.addEventListener("abort", cancel, { once: true });
    try {
      const result = await new Promise<unknown>((resolve, reject) => {
        const frame: ClientFrame = { type: "call", id, method, params };
        const unsent = this.#socket === null ? frame : null;
        this.#calls.set(id, { method, onEvent, options, resolve, reject, unsent, seq: 0, taken: Promise.resolve() });
        if (unsent === null) this.#send(frame);
      });
      return checkMessage(METHODS[method].result, result, `Result of ${method}`) as ResultOf<N>;
    } finally {
      options.signal?.removeEventListener("abort", cancel);
      this.#calls.delete(id);
    }
  }

  #send(frame: ClientFrame): void {
    // Nothing is lost while there is no socket: open calls are named in the next hello, or fail.
    this.#socket?.send(encodeFrame(frame));
  }

  /** Opens a socket and shakes hands; returns the server's version. */
  async #connect(): Promise<string> {
    const socket = await this.#options.connect();
    const welcome = await this.#shakeHands(socket);
    this.#session = welcome.session;
    this.#socket = socket;
    const goesOn = new Set(welcome.resumed);
    for (const [id, call] of this.#calls) {
      if (call.unsent !== null) {
        this.#send(call.unsent);
        call.unsent = null;
      } else if (goesOn.has(id)) {
        // The signal may have fired while nobody could hear it.
        if (call.options.signal?.aborted) this.#send({ type: "cancel", id });
      } else {
        call.reject(
          new RefractError(
            "disconnected",
            `The sidecar no longer knows the running ${call.method}: it was started anew.`,
          ),
        );
      }
    }
    return welcome.version;
  }

  #shakeHands(socket: FrameSocket): Promise<Extract<ServerFrame, { type: "welcome" }>> {
    return new Promise((resolve, reject) => {
      let welcomed = false;
      const timer = setTimeout(() => {
        socket.close();
        reject(new RefractError("disconnected", `The sidecar did not answer within ${WELCOME_MS / 1000} s.`));
      }, WELCOME_MS);
      socket.onMessage((bytes) => {
        try {
          const frame = checkMessage(serverFrameSchema, decodeFrame(bytes), "Message of the sidecar");
          if (frame.type === "welcome") {
            welcomed = true;
            clearTimeout(timer);
            resolve(frame);
          } else if (frame.type === "goodbye") {
            clearTimeout(timer);
            reject(fromWireError(frame.error));
          } else {
            this.#receive(frame);
          }
        } catch (error) {
          reject(error);
          socket.close();
        }
      });
      socket.onClose((reason) => {
        clearTimeout(timer);
        if (welcomed && this.#socket === socket) void this.#reconnect(reason);
        else
          reject(
            new RefractError("disconnected", `The sidecar closed the connection${reason === "" ? "" : `: ${reason}`}.`),
          );
      });
      const sent = [...this.#calls].filter(([, call]) => call.unsent === null);
      const calls = sent.map(([id, call]) => ({ id, seq: call.seq }));
      const resume = this.#session === null ? null : { session: this.#session, calls };
      socket.send(
        encodeFrame({
          type: "hello",
          protocol: PROTOCOL_VERSION,
          token: this.#options.token,
          client: this.#options.name,
          resume,
        } satisfies ClientFrame),
      );
    });
  }

  async #reconnect(reason: string): Promise<void> {
    this.#socket = null;
    if (this.#closed) return;
    this.#options.onState({ kind: "reconnecting", reason });
    let last: unknown = reason;
    for (const delay of this.#options.retryDelays) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (this.#closed) return;
      try {
        const server = await this.#connect();
        this.#options.onState({ kind: "connected", server });
        return;
      } catch (error) {
        last = error;
        if (error instanceof RefractError && error.code === "refused") break;
      }
    }
    this.#end(last instanceof Error ? last.message : String(last));
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const call of this.#calls.values()) {
      call.reject(
        new RefractError("disconnected", `The connection to the sidecar ended during ${call.method}: ${reason}`),
      );
    }
    this.#options.onState({ kind: "closed", reason });
  }

  #receive(frame: Exclude<ServerFrame, { type: "welcome" | "goodbye" }>): void {
    const call = this.#calls.get(frame.id);
    if (call === undefined) {
      // Settled here already (its consumer failed): the server must not keep it.
      if (frame.type === "result" || frame.type === "error") this.#send({ type: "settled", id: frame.id });
      return;
    }
    if (frame.type === "progress") {
      call.options.onProgress?.(frame.progress);
    } else if (frame.type === "event") {
      if (frame.seq <= call.seq) return;
      call.seq = frame.seq;
      call.taken = call.taken
        .then(() => call.onEvent(frame.event))
        .then(() => this.#send({ type: "ack", id: frame.id, seq: frame.seq }))
        .catch((error: unknown) => {
          this.#send({ type: "cancel", id: frame.id });
          call.reject(error);
        });
    } else {
      void call.taken.then(() => {
        this.#send({ type: "settled", id: frame.id });
        if (frame.type === "result") call.resolve(frame.result);
        else call.reject(fromWireError(frame.error));
      });
    }
  }
}
