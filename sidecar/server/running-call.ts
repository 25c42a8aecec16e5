import { RefractError } from "../../shared/errors.ts";
import type { Progress, ServerFrame } from "../../shared/protocol/frames.ts";
import type { StreamCall } from "../../shared/protocol/interface.ts";

/** Events that may be under way to the client before the stream has to wait for it. */
export const WINDOW = 64;

type EventFrame = Extract<ServerFrame, { type: "event" }>;
type Outcome = Extract<ServerFrame, { type: "result" | "error" }>;

/** One call of a session. It keeps what the client hasn't confirmed, so that a client that reconnects misses nothing. */
export class RunningCall implements StreamCall<unknown> {
  readonly #id: number;
  readonly #send: (frame: ServerFrame) => void;
  readonly #controller = new AbortController();
  #unconfirmed: EventFrame[] = [];
  #room: (() => void)[] = [];
  #outcome: Outcome | null = null;
  #seq = 0;

  /** @param send takes a frame to the client, or nowhere while there is none. */
  constructor(id: number, send: (frame: ServerFrame) => void) {
    this.#id = id;
    this.#send = send;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  progress(progress: Progress): void {
    this.#send({ type: "progress", id: this.#id, progress });
  }

  async emit(event: unknown): Promise<void> {
    while (this.#unconfirmed.length >= WINDOW && !this.signal.aborted) {
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    if (this.signal.aborted) throw new RefractError("cancelled", "The call was cancelled.");
    const frame: EventFrame = { type: "event", id: this.#id, seq: ++this.#seq, event };
    this.#unconfirmed.push(frame);
    this.#send(frame);
  }

  confirm(seq: number): void {
    this.#unconfirmed = this.#unconfirmed.filter((frame) => frame.seq > seq);
    this.#wake();
  }

  cancel(): void {
    this.#controller.abort();
    this.#wake();
  }

  settle(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#send(outcome);
  }

  /** Sends again what came after `seq`, for a client that has reconnected. */
  resume(seq: number): void {
    this.confirm(seq);
    for (const frame of this.#unconfirmed) this.#send(frame);
    if (this.#outcome !== null) this.#send(this.#outcome);
  }

  #wake(): void {
    const waiting = this.#room;
    this.#room = [];
    for (const resolve of waiting) resolve();
  }
}
