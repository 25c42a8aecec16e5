import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLinesPrompts } from "../../../shared/prompts/json-prompts.ts";
import { growth } from "../../support/growth.ts";
import { faultsOf, inFile, messagesOf, parse } from "../../support/prompt-fixtures.ts";

describe("a JSON Lines file", () => {
  it("has a prompt per line, with its fields", () => {
    const text =
      '{"id": "a", "text": "one", "category": "cyber", "split": "test", "base": "b1", "conditions": {"who": "nurse"}, "label": true, "mine": [1]}\n' +
      '\n{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]}\r\n"three"\n[{"role": "user", "content": "four"}]';
    const parsed = parse("a.jsonl", text);
    expect(parsed.prompts.map((_, index) => messagesOf(parsed, index))).toEqual([
      ["user: one"],
      ["system: S", "user: U"],
      ["user: three"],
      ["user: four"],
    ]);
    expect(parsed.prompts[0]).toMatchObject({
      id: "a",
      fields: { category: "cyber", split: "test", base: "b1", conditions: { who: "nurse" }, label: true, mine: [1] },
    });
    expect(parsed.diagnostics).toEqual([]);
  });

  it("knows the usual names of a prompt", () => {
    expect(messagesOf(parse("a.jsonl", '{"instruction": "one", "category": null}'))).toEqual(["user: one"]);
    expect(messagesOf(parse("a.jsonl", '{"goal": "not this", "prompt": "one"}'))).toEqual(["user: one"]);
  });

  it("points through escapes into the file", () => {
    const text = '{"text": "a\\n\\u00e9 \\"q\\" \\ud83d\\ude42z"}';
    const parsed = parse("a.jsonl", text);
    expect(messagesOf(parsed)).toEqual(['user: a\né "q" 🙂z']);
    expect(inFile(parsed, text, "é")).toBe("\\u00e9");
    expect(inFile(parsed, text, '"q"')).toBe('\\"q\\"');
    expect(inFile(parsed, text, "🙂")).toBe("\\ud83d\\ude42");
    expect(inFile(parsed, text, "z")).toBe("z");
  });

  it("points through every escape of every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (value, ascii) => {
        fc.pre(value !== "" && value.isWellFormed());
        const plain = JSON.stringify({ text: value });
        const text = ascii
          ? plain.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
          : plain;
        const parsed = parse("a.jsonl", text);
        for (const { start, length, source, sourceLength } of parsed.prompts[0]?.messages[0]?.segments ?? []) {
          const raw = text.slice(source, source + sourceLength);
          expect(JSON.parse(`"${raw}"`)).toBe(value.slice(start, start + length));
        }
        expect(messagesOf(parsed)).toEqual([`user: ${value}`]);
      }),
    );
  });

  it("says what is wrong with each line, and reads the others", () => {
    const text =
      '{"text": "one"}\n{"text": }\n{"id": 1}\n7\n{"text": 7}\n{"text": ""}\n{"messages": []}\n{"text": "\\ud800"}\n{"text": "last"}';
    const parsed = parse("a.jsonl", text);
    expect(parsed.prompts.map(({ messages }) => messages[0]?.text)).toEqual(["one", "last"]);
    expect(faultsOf(parsed, text).map((fault) => fault.slice(0, 34))).toEqual([
      "error 2:10 Not valid JSON: Unexpec",
      'error 3:1 No "text" and no "messag',
      "error 4:1 Expected a prompt (a tex",
      'error 5:10 "text" is 7; expected a',
      "error 6:1 The prompt's text is emp",
      "error 7:1 No messages.",
      "error 8:1 The text holds half of a",
    ]);
  });

  it("that is cut off is a fault at its end", () => {
    const text = '{"text": "one"}\n{"text": "tw';
    expect(faultsOf(parse("a.jsonl", text), text)[0]).toMatch(/^error 2:/);
  });

  it("with an id twice is warned of", () => {
    const text = '{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}';
    expect(faultsOf(parse("a.jsonl", text), text)).toEqual(['warning 2:1 The id "1" was used before.']);
  });

  it("of one long line is read in a time that grows with it", () => {
    const read = (times: number) => {
      const text = JSON.stringify({ text: 'ab "\n'.repeat(times) });
      expect(jsonLinesPrompts.parse(text).prompts).toHaveLength(1);
    };
    expect(growth(read, 10_000)).toBeLessThan(10);
  });
});

describe("a JSON file", () => {
  it("of messages is one conversation, in which nothing is a separator or a variable", () => {
    const text = '[{"role":"user","content":"a\\n---\\nb {{c}}"}]';
    const parsed = parse("a.json", text);
    expect(messagesOf(parsed)).toEqual(["user: a\n---\nb {{c}}"]);
    expect(parsed.prompts).toHaveLength(1);
    expect(parsed.diagnostics).toEqual([]);
  });

  it("of texts, rows or conversations is a list of prompts, also under a key", () => {
    expect(parse("a.json", '["a", "b"]').prompts).toHaveLength(2);
    expect(parse("a.json", '[{"text": "a"}, {"text": "b"}]').prompts).toHaveLength(2);
    expect(parse("a.json", '[[{"role":"user","content":"a"}], [{"role":"user","content":"b"}]]').prompts).toHaveLength(
      2,
    );
    expect(parse("a.json", '{"prompts": ["a", "b"]}').prompts).toHaveLength(2);
    expect(parse("a.json", '{"messages": [{"role":"user","content":"a"}]}').prompts).toHaveLength(1);
  });

  it("may have content in parts of text", () => {
    const parts = '[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]';
    expect(messagesOf(parse("a.json", parts))).toEqual(["user: ab"]);
    const image = '[{"role":"user","content":[{"type":"image_url"}]}]';
    expect(faultsOf(parse("a.json", image), image)).toEqual([
      "error 1:28 A part of the content is no text: only text can be read.",
    ]);
  });

  it("that is wrong says where", () => {
    expect(faultsOf(parse("a.json", "{"), "{")[0]).toMatch(/^error 1:2 Not valid JSON/);
    expect(faultsOf(parse("a.json", ""), "")[0]).toMatch(/^error 1:1 Not valid JSON/);
    expect(faultsOf(parse("a.json", "[]"), "[]")).toEqual(["error 1:1 The file has no prompt: its list is empty."]);
    expect(faultsOf(parse("a.json", '{"name": "refract"}'), '{"name": "refract"}')[0]).toContain(
      'No "text" and no "messages" (found: name)',
    );
  });
});

describe("a CSV file", () => {
  it("reads quoted cells with quotes and line ends, and bare quotes as they stand", () => {
    const text = 'id,text\n1,{"a":"b"}\n2,"x ""y""\nz"\n';
    const parsed = parse("p.csv", text);
    expect(parsed.prompts.map(({ id, messages }) => [id, messages[0]?.text])).toEqual([
      ["1", '{"a":"b"}'],
      ["2", 'x "y"\nz'],
    ]);
    expect(inFile(parsed, text, '"y"', 1)).toBe('""y""');
    expect(inFile(parsed, text, "z", 1)).toBe("z");
    expect(parsed.diagnostics).toEqual([]);
  });

  it("finds its separator and its columns, and keeps the others as fields", () => {
    expect(parse("p.csv", '\uFEFFGoal;category\r\n"a; b";cyber\r\n').prompts[0]).toMatchObject({
      messages: [{ text: "a; b" }],
      fields: { category: "cyber" },
    });
    expect(messagesOf(parse("p.tsv", "text\tsplit\na, b\ttrain\n"))).toEqual(["user: a, b"]);
  });

  it("says what is wrong and where, and reads the other rows", () => {
    const text = 'id,text\n1,a,b\n2,"c"d\n3,e\n4,"open\n5,f\n';
    const parsed = parse("p.csv", text);
    expect(parsed.prompts.map(({ id }) => id)).toEqual(["3"]);
    expect(faultsOf(parsed, text)).toEqual([
      'error 3:6 There is text after the quote that closes this cell; a quote inside a quoted cell is written "".',
      "error 5:3 The quote that begins this cell is never closed.",
      "error 2:1 The row has 3 cells, the header 2; a cell with the separator in it needs quotes.",
    ]);
  });

  it("without a column of prompts, without rows or without anything is a fault", () => {
    expect(faultsOf(parse("p.csv", "a,b\n1,2\n"), "a,b\n1,2\n")).toEqual(['error 1:1 No column "text" (found: a, b).']);
    const twice = "text,id,text\n1,2,3\n";
    expect(faultsOf(parse("p.csv", twice), twice)).toEqual([
      'error 1:9 Two columns are named "text": which of them is the prompt?',
    ]);
    expect(faultsOf(parse("p.csv", "text\n"), "text\n")).toEqual(["error 1:1 The file has column names and no rows."]);
    expect(faultsOf(parse("p.csv", ""), "")).toEqual(["error 1:1 The file is empty: expected a line of column names."]);
  });
});

describe("any file of any format", () => {
  const names = ["a.prompt.md", "a.prompt.yml", "a.prompty", "a.txt", "a.lines.txt", "a.json", "a.jsonl", "a.csv"];
  const pieces = [
    ..."---\n|\r\n|: |- |{|}|{{a}}|[|]|\"|'|\\|\\u00e9|,|;|\t|messages|role|user|content|text|testData|&a |*a |!!x |>\n|user:\n|é|🙂|\uFEFF|#|%".split(
      "|",
    ),
    "|",
  ];

  it("ends in prompts or in diagnostics, never in an exception", () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(fc.constantFrom(...pieces), { maxLength: 25 }), (name, parts) => {
        const parsed = parse(name, parts.join(""));
        if (parsed.prompts.length === 0)
          expect(parsed.diagnostics.some(({ severity }) => severity === "error")).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
