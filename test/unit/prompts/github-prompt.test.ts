import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml, stringify } from "yaml";
import { lineOf, lineStartsOf } from "../../../shared/prompts/line-starts.ts";
import { sourceOf } from "../../../shared/prompts/source-segments.ts";
import { faultsOf, inFile, messagesOf, parse } from "../../support/prompt-fixtures.ts";

const FILE = `name: Explain
model: some/model
messages:
  - role: system
    content: Be brief.
  - role: user
    content: |
      Explain {{ topic }}
        to {{who}}.
testData:
  - {id: first, topic: "dark matter", who: 'a child''s friend', expected: short}
  - topic: >
      two
      lines
    who: 7
`;

describe("a GitHub Models prompt file", () => {
  const parsed = parse("a.prompt.yml", FILE);

  it("has a prompt for each row of test data", () => {
    expect(messagesOf(parsed, 0)).toEqual(["system: Be brief.", "user: Explain dark matter\n  to a child's friend.\n"]);
    expect(messagesOf(parsed, 1)).toEqual(["system: Be brief.", "user: Explain two lines\n\n  to 7.\n"]);
    expect(parsed.diagnostics).toEqual([]);
  });

  it("keeps the rest as fields", () => {
    expect(parsed.prompts[0]?.id).toBe("first");
    expect(parsed.prompts[0]?.fields).toMatchObject({
      name: "Explain",
      model: "some/model",
      expected: "short",
      topic: "dark matter",
    });
  });

  it("knows where each text stands, in the message and in the row", () => {
    expect(inFile(parsed, FILE, "Explain")).toBe("Explain");
    expect(inFile(parsed, FILE, "dark matter")).toBe("dark matter");
    expect(inFile(parsed, FILE, "child's")).toBe("child''s");
    expect(inFile(parsed, FILE, "  to ")).toBe("  to ");
    expect(inFile(parsed, FILE, "lines", 1)).toBe("lines");
  });

  it("puts a value in once, letter by letter, and points into it", () => {
    const text = 'messages:\n- {role: user, content: "{{doc}}"}\ntestData:\n- doc: "f{{x}} {# y #} {%% z"\n';
    const once = parse("a.prompt.yml", text);
    expect(messagesOf(once)).toEqual(["user: f{{x}} {# y #} {%% z"]);
    const [segment] = once.prompts[0]?.messages[0]?.segments ?? [];
    expect(lineOf(lineStartsOf(text), segment?.source ?? 0)).toEqual({ line: 4, column: 9 });
    expect(once.diagnostics).toEqual([]);
  });

  it("says where a value is missing, per row", () => {
    const text = "messages:\n- role: user\n  content: a {{b}} {{c}}\ntestData:\n- b: 1\n- c: 2\n";
    const missing = parse("a.prompt.yaml", text);
    expect(missing.prompts.map(({ messages }) => messages[0]?.text)).toEqual(["a 1 {{c}}", "a {{b}} 2"]);
    expect(faultsOf(missing, text)).toEqual([
      "warning 3:20 No value for c in row 1 of testData: {{c}} stays as it is written.",
      "warning 3:14 No value for b in row 2 of testData: {{b}} stays as it is written.",
    ]);
  });

  it("without variables is one prompt, whatever the test data", () => {
    const text = "messages:\n- {role: user, content: hi}\ntestData:\n- {a: 1}\n- {a: 2}\n";
    expect(parse("a.prompt.yml", text).prompts).toHaveLength(1);
  });

  it("says what is wrong and where", () => {
    const cases: [string, RegExp][] = [
      ["messages:\n- role: [user\n", /^error \d:\d+ Not valid YAML/],
      ["name: x\n---\nmessages: []\n", /^error 2:1 A line "---" begins a second YAML document here; expected one/],
      ["name: x\n", /^error 1:1 The file has no "messages"/],
      ["", /^error 1:1 The file has no "messages"/],
      ["messages: hi\n", /^error 1:11 "messages" is a text; expected a list of \{role, content\}/],
      ["messages: []\n", /^error 1:11 "messages" is empty/],
      [
        "messages:\n- {role: human, content: a}\n",
        /^error 2:10 The role "human" is not known; expected system, user, assistant, tool/,
      ],
      ["messages:\n- {content: a}\n", /^error 2:3 A message has no "role"/],
      ["messages:\n- {role: user}\n", /^error 2:3 A message has no "content"/],
      ["messages:\n- {role: user, content: {a: 1}}\n", /^error 2:25 "content" is an object/],
      ["messages:\n- {role: user, content: '{{a}}'}\ntestData: 5\n", /^error 3:11 "testData" is 5/],
      ["messages:\n- {role: user, content: '{{a}}'}\ntestData:\n- {a: [1]}\n", /^error 4:7 The value of "a" is a list/],
    ];
    for (const [text, fault] of cases) expect(faultsOf(parse("a.prompt.yml", text), text)[0], text).toMatch(fault);
  });

  it("does not grow without bound from aliases", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`,
    );
    const text = `a0: &a0 x\n${levels.join("\n")}\nmessages: []\n`;
    expect(faultsOf(parse("a.prompt.yml", text), text).join()).toMatch(/[Aa]lias/);
  });

  it("points through every way in which YAML writes a text", () => {
    const pieces = ["a", "word", " ", "  ", "\n", "\n\n", "'", '"', "\\", "#", ": ", "é", "🙂", "- ", "\t", "|", "%"];
    const styles = ["BLOCK_LITERAL", "BLOCK_FOLDED", "QUOTE_DOUBLE", "QUOTE_SINGLE", "PLAIN"] as const;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 30 }),
        fc.constantFrom(...styles),
        fc.boolean(),
        (parts, style, windows) => {
          const content = parts.join("");
          const lines = stringify({ messages: [{ role: "user", content }] }, { defaultStringType: style });
          const text = windows ? lines.replaceAll("\n", "\r\n") : lines;
          const parsed = parse("a.prompt.yml", text);
          // Not every text comes back from every style; what the YAML library reads is what counts.
          const { messages: read } = parseYaml(text) as { messages: [{ content: string }] };
          if (read[0].content === "") return;
          expect(messagesOf(parsed)).toEqual([`user: ${read[0].content}`]);
          for (const word of read[0].content.matchAll(/word/g)) {
            const { messages } = parsed.prompts[0] ?? { messages: [] };
            const range = sourceOf(messages[0]?.segments ?? [], word.index, word.index + 4);
            const raw = text.slice(range?.start ?? 0, range?.end ?? 0);
            if (style === "QUOTE_DOUBLE") expect(raw).toContain("word");
            else expect(raw).toBe("word");
          }
        },
      ),
      { numRuns: 120 },
    );
  });
});
