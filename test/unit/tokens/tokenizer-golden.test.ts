import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTokenizer, userMessage } from "../../../sidecar/engine/tokens/open-tokenizer.ts";
import { readFixture, TOKEN_FIXTURES } from "../../support/token-fixtures.ts";

interface Golden {
  versions: { tokenizers: string };
  texts: { text: string; special: boolean; ids: number[]; offsets: [number, number][]; decoded: string }[];
}

const KINDS = ["smollm2", "llama3", "qwen", "llama2", "gemma", "metaspace", "unigram", "wordpiece", "neox"];
// Their normalisers join characters: the reference's offsets then lose one of them, ours hold all.
const JOINING = new Set(["qwen", "metaspace", "unigram", "wordpiece", "neox"]);

describe.each(KINDS)("a tokenizer of the kind of %s", async (kind) => {
  const tokenizer = await openTokenizer(join(TOKEN_FIXTURES, kind));
  const { texts } = await readFixture<Golden>(kind, "golden.json");

  it("gives the ids of tokenizers 0.23.3 for difficult texts", () => {
    for (const { text, special, ids } of texts) {
      const found = special ? tokenizer.ledger([userMessage(text)], { raw: true }).ids : tokenizer.ids(text);
      expect(found, JSON.stringify(text)).toEqual(ids);
    }
  });

  it("gives each token the characters that it stands for, once and in order", () => {
    for (const { text, special, offsets } of texts) {
      if (!special) continue;
      const { tokens } = tokenizer.ledger([userMessage(text)], { raw: true });
      let read = 0;
      tokens.forEach(({ start, end, role, text: own }, index) => {
        expect(start).toBeGreaterThanOrEqual(read);
        expect(end).toBeGreaterThanOrEqual(start);
        if (role !== "template") expect(own).toBe(text.slice(start, end));
        // Tokens that share a character: the first holds it here, and all of them do in the reference.
        const [from, to] = offsets[index] ?? [];
        const previous = offsets[index - 1]?.[1] ?? 0;
        if (!JOINING.has(kind) && end > start && previous <= (from ?? 0)) expect([start, end]).toEqual([from, to]);
        read = Math.max(read, end);
      });
    }
  });

  it("decodes as tokenizers 0.23.3 does, at once and token by token", () => {
    for (const { ids, decoded } of texts) {
      expect(tokenizer.decode(ids)).toBe(decoded);
      const stream = tokenizer.stream();
      expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(decoded);
    }
  });
});

describe("byte-level tokens", async () => {
  const tokenizer = await openTokenizer(join(TOKEN_FIXTURES, "smollm2"));

  it("that share a character: the first holds it, the others are empty after it", () => {
    const { tokens } = tokenizer.ledger([userMessage("aह")], { raw: true });
    expect(tokens.map(({ start, end, text }) => [start, end, text])).toEqual([
      [0, 1, "a"],
      [1, 2, "ह"],
      [2, 2, ""],
      [2, 2, ""],
    ]);
  });

  it("are streamed only when their character is whole", () => {
    const stream = tokenizer.stream();
    expect(tokenizer.ids("ह").map((id) => stream.push(id))).toEqual(["", "", "ह"]);
  });

  it("that end inside a character are shown as U+FFFD at the end", () => {
    const stream = tokenizer.stream();
    const [first = 0] = tokenizer.ids("ह");
    expect([stream.push(first), stream.end()]).toEqual(["", "\uFFFD"]);
  });
});

describe("a text of a quarter of a megabyte", () => {
  // Kinds whose pieces are words, and kinds for which the whole text is one piece.
  it.each(["smollm2", "llama2", "unigram"])("is read whole by a tokenizer of the kind of %s", async (kind) => {
    const tokenizer = await openTokenizer(join(TOKEN_FIXTURES, kind));
    const text = "ab é ".repeat(54_000);
    const { tokens } = tokenizer.ledger([userMessage(text)], { raw: true });
    expect(tokens.findLast(({ role }) => role === "user")?.end).toBe(text.length);
  });
});
