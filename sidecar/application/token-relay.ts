import type { CompareEvent } from "../../shared/protocol/compare-stream.ts";
import type { StreamCall } from "../../shared/protocol/interface.ts";
import type { ModelTokenizer } from "../engine/tokens/open-tokenizer.ts";
import type { TextStream } from "../engine/tokens/text-stream.ts";

/**
 * Takes tokens as fast as the engine makes them and sends them on as fast as the client takes them: what waits is joined into one event a column,
 * so that a slow client gets fewer, larger events and never an unbounded queue.
 */
export class TokenRelay {
  readonly #call: StreamCall<CompareEvent>;
  readonly #texts: Map<number, TextStream>;
  readonly #waiting = new Map<number, { id: number; text: string }[]>();
  #sending: Promise<void> = Promise.resolve();
  #busy = false;
  #failure: unknown = null;

  constructor(columns: readonly number[], tokenizer: ModelTokenizer, call: StreamCall<CompareEvent>) {
    this.#call = call;
    this.#texts = new Map(columns.map((column) => [column, tokenizer.stream()]));
  }

  push(column: number, id: number): void {
    const token = { id, text: this.#texts.get(column)?.push(id) ?? "" };
    const waiting = this.#waiting.get(column);
    if (waiting === undefined) this.#waiting.set(column, [token]);
    else waiting.push(token);
    if (this.#busy) return;
    this.#busy = true;
    this.#sending = this.#send();
  }

  /** Sends what is left, the rest of unfinished characters included. Throws what sending threw. */
  async end(): Promise<void> {
    await this.#sending;
    for (const [column, text] of this.#texts) {
      const rest = text.end();
      if (rest !== "") await this.#call.emit({ type: "tokens", column, tokens: [{ id: -1, text: rest }] });
    }
    if (this.#failure !== null) throw this.#failure;
  }

  async #send(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        const [column, tokens] = this.#waiting.entries().next().value ?? [0, []];
        this.#waiting.delete(column);
        await this.#call.emit({ type: "tokens", column, tokens });
      }
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#busy = false;
    }
  }
}
