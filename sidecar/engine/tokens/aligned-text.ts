/**
 * Text on its way through a tokenizer, with the place in the original text that each UTF-16 unit stands for.
 * Where several units stand for one stretch (an expansion, the bytes of a character), the first holds it and the rest are empty at its end,
 * so that the spans of consecutive units never overlap.
 */
export interface AlignedText {
  text: string;
  /** By unit of `text`: offsets into the original text. */
  starts: Int32Array;
  ends: Int32Array;
  /** The original stretch that the whole text comes from. */
  from: number;
  to: number;
}

/** The stretch `[from, to)` of the original text as it is. */
export function identity(original: string, from: number, to: number): AlignedText {
  const length = to - from;
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    starts[i] = from + i;
    ends[i] = from + i + 1;
  }
  return { text: original.slice(from, to), starts, ends, from, to };
}

/** Units `[from, to)` of an aligned text. */
export function slice(aligned: AlignedText, from: number, to: number): AlignedText {
  const { starts, ends } = aligned;
  return {
    text: aligned.text.slice(from, to),
    starts: starts.subarray(from, to),
    ends: ends.subarray(from, to),
    from: starts[from] ?? aligned.to,
    to: to > from ? (ends[to - 1] ?? aligned.to) : (starts[from] ?? aligned.to),
  };
}

/** Replaces units `[from, to)` by `text`; `from === to` inserts. */
export interface Replacement {
  from: number;
  to: number;
  text: string;
}

/** Applies replacements, given in order and without overlap. */
export function replace(aligned: AlignedText, replacements: readonly Replacement[]): AlignedText {
  if (replacements.length === 0) return aligned;
  let length = aligned.text.length;
  for (const { from, to, text } of replacements) length += text.length - (to - from);
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  const parts: string[] = [];
  let read = 0;
  let written = 0;
  const keep = (to: number) => {
    parts.push(aligned.text.slice(read, to));
    starts.set(aligned.starts.subarray(read, to), written);
    ends.set(aligned.ends.subarray(read, to), written);
    written += to - read;
    read = to;
  };
  for (const { from, to, text } of replacements) {
    keep(from);
    const start = aligned.starts[from] ?? aligned.to;
    const end = to > from ? (aligned.ends[to - 1] ?? aligned.to) : start;
    parts.push(text);
    for (let i = 0; i < text.length; i++) {
      starts[written + i] = i === 0 ? start : end;
      ends[written + i] = end;
    }
    written += text.length;
    read = to;
  }
  keep(aligned.text.length);
  return { text: parts.join(""), starts, ends, from: aligned.from, to: aligned.to };
}

/** Changes a text character by character (code points); `change` returns what stands in a character's place, perhaps nothing. */
export function mapCharacters(aligned: AlignedText, change: (character: string) => string): AlignedText {
  const replacements: Replacement[] = [];
  let at = 0;
  for (const character of aligned.text) {
    const changed = change(character);
    if (changed !== character) replacements.push({ from: at, to: at + character.length, text: changed });
    at += character.length;
  }
  return replace(aligned, replacements);
}
