/** Text that grows token by token. */
export interface TextStream {
  /** Adds a token and returns the text that is now certain; the bytes of an unfinished character wait for the next token. */
  push(id: number): string;
  /** The rest, an unfinished character as U+FFFD. */
  end(): string;
}

/**
 * Streams a decoding: all that `push` returned, and `end`, is what decoding all ids at once gives.
 * A window of the last tokens is decoded again with each new one, since a decoder may join, clean or strip at its start.
 */
export function streamText(decode: (ids: number[]) => string): TextStream {
  let ids: number[] = [];
  let known = 0;
  let said = "";
  return {
    push(id) {
      ids.push(id);
      const text = decode(ids);
      if (text.length <= said.length || text.endsWith("\uFFFD")) return "";
      const fresh = text.slice(said.length);
      // The tokens before this one stay as context for the next, those before them are done.
      ids = ids.slice(known);
      known = ids.length;
      said = decode(ids);
      return fresh;
    },
    end() {
      const rest = decode(ids).slice(said.length);
      ids = [];
      known = 0;
      said = "";
      return rest;
    },
  };
}
