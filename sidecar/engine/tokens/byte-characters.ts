import type { AlignedText } from "./aligned-text.ts";

/** The printable character that byte-level vocabularies write for each byte (GPT-2's `bytes_to_unicode`). */
const CHARACTER_OF_BYTE: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

// Built from text, since control characters are meant.
const ASCII = /^[\0-\x7f]*$/;
const UNPRINTABLE = /[\0- \x7f]/g;
const encoder = new TextEncoder();

/** A text as byte-level models read it: one unit per byte; the first byte of a character holds its place, the others are empty. */
export function toByteCharacters(piece: AlignedText): AlignedText {
  if (ASCII.test(piece.text)) {
    const text = piece.text.replace(UNPRINTABLE, (unit) => CHARACTER_OF_BYTE[unit.charCodeAt(0)] ?? "");
    return { ...piece, text };
  }
  const bytes = encoder.encode(piece.text);
  const starts = new Int32Array(bytes.length);
  const ends = new Int32Array(bytes.length);
  const characters: string[] = [];
  let unit = 0;
  let at = 0;
  for (const character of piece.text) {
    const length = byteLength(character);
    const start = piece.starts[unit] ?? piece.to;
    unit += character.length;
    const end = piece.ends[unit - 1] ?? piece.to;
    for (let i = 0; i < length; i++, at++) {
      starts[at] = i === 0 ? start : end;
      ends[at] = end;
      characters.push(CHARACTER_OF_BYTE[bytes[at] ?? 0] ?? "");
    }
  }
  return { text: characters.join(""), starts, ends, from: piece.from, to: piece.to };
}

/** UTF-8 bytes of a character. */
export function byteLength(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
