import { describe, expect, it } from "vitest";
import { faultsOf, inFile, messagesOf, parse } from "../../support/prompt-fixtures.ts";

describe("a VS Code prompt file", () => {
  it("is one user message, its header kept as fields", () => {
    const text = "---\nmode: ask\ndescription: Try it\n---\n\n# Title\n\nHello.\n";
    const parsed = parse("a.prompt.md", text);
    expect(messagesOf(parsed)).toEqual(["user: # Title\n\nHello."]);
    expect(parsed.prompts[0]?.fields).toEqual({ mode: "ask", description: "Try it" });
    expect(inFile(parsed, text, "Hello")).toBe("Hello");
  });

  it("needs no header, and keeps lines of --- in its body", () => {
    expect(messagesOf(parse("a.prompt.md", "one\n---\ntwo {{x}}\n"))).toEqual(["user: one\n---\ntwo {{x}}"]);
  });

  it("has line ends of every editor setting read alike, places kept", () => {
    const text = "---\r\nmode: ask\r\n---\r\none\r\ntwo\r\n";
    const parsed = parse("a.prompt.md", text);
    expect(messagesOf(parsed)).toEqual(["user: one\ntwo"]);
    expect(inFile(parsed, text, "two")).toBe("two");
  });

  it("begins after a byte order mark", () => {
    expect(messagesOf(parse("a.prompt.md", "\uFEFF---\nmode: ask\n---\nhi\n"))).toEqual(["user: hi"]);
  });

  it("says where a variable has no value", () => {
    const variable = (name: string) => `$\{${name}}`;
    const text = `Explain ${variable("input:topic:a topic")} and ${variable("selection")}.\n`;
    expect(faultsOf(parse("a.prompt.md", text), text)).toEqual([
      `warning 1:9 No value for ${variable("input:topic:a topic")}, which VS Code fills in when it runs the prompt: it stays as it is written.`,
      `warning 1:36 No value for ${variable("selection")}, which VS Code fills in when it runs the prompt: it stays as it is written.`,
    ]);
  });

  it("says where its header is wrong, and reads an unclosed one as text", () => {
    const torn = "---\nmode: [ask\n---\nhi\n";
    expect(faultsOf(parse("a.prompt.md", torn), torn)[0]).toMatch(/^error 3:1 Not valid YAML/);
    const list = "---\n- a\n---\nhi\n";
    expect(faultsOf(parse("a.prompt.md", list), list)).toEqual(["error 2:1 The header is no list of keys and values."]);
    const open = "---\nhi\n";
    expect(messagesOf(parse("a.prompt.md", open))).toEqual(["user: ---\nhi"]);
    expect(faultsOf(parse("a.prompt.md", open), open)[0]).toContain(
      'warning 1:1 The header that "---" opens is not closed',
    );
  });

  it("without a body is a fault", () => {
    expect(parse("a.prompt.md", "---\nmode: ask\n---\n\n").prompts).toEqual([]);
    expect(faultsOf(parse("a.prompt.md", ""), "")).toEqual(["error 1:1 The file has no prompt: its body is empty."]);
  });
});

describe("a Prompty file", () => {
  it("is cut at its role lines, with the header's sample put in", () => {
    const text = "---\nname: x\nsample:\n  who: Ann {{b}}\n---\nsystem:\nBe brief.\n\nuser:\nHello {{who}}!\n";
    const parsed = parse("a.prompty", text);
    expect(messagesOf(parsed)).toEqual(["system: Be brief.", "user: Hello Ann {{b}}!"]);
    expect(inFile(parsed, text, "Ann {{b}}")).toBe("Ann {{b}}");
  });

  it("takes values from the header's inputs too", () => {
    const text = "---\ninputs:\n  a: {type: string, sample: one}\n  b: {default: 2}\n---\nuser:\n{{a}} {{b}}\n";
    expect(messagesOf(parse("a.prompty", text))).toEqual(["user: one 2"]);
  });

  it("says what it doesn't run and what has no value", () => {
    const text = "user:\n{% if x %}{{ y }}{% endif %}\n";
    expect(faultsOf(parse("a.prompty", text), text)).toEqual([
      "warning 2:1 Template logic is not run: it stays as it is written.",
      "warning 2:18 Template logic is not run: it stays as it is written.",
      "warning 2:11 No value for y in the header's sample: {{y}} stays as it is written.",
    ]);
  });

  it("without a role line is a system message", () => {
    expect(messagesOf(parse("a.prompty", "Be brief.\n"))).toEqual(["system: Be brief."]);
  });

  it("without a body is a fault", () => {
    expect(faultsOf(parse("a.prompty", "---\nname: x\n---\n"), "---\nname: x\n---\n")[0]).toContain("has no prompt");
  });
});

describe("a text file", () => {
  it("is one prompt, and no sign in it is a separator or a variable", () => {
    const text = "a\n---\nb {{c}}\n";
    const parsed = parse("a.txt", text);
    expect(messagesOf(parsed)).toEqual(["user: a\n---\nb {{c}}"]);
    expect(faultsOf(parsed, text)).toEqual([
      "information 1:1 Read as one prompt of 3 lines; for a prompt per line, name the file *.lines.txt.",
    ]);
  });

  it("loses its last line end, and nothing else", () => {
    expect(messagesOf(parse("a.txt", "  hi \r\n"))).toEqual(["user:   hi "]);
    expect(messagesOf(parse("a.txt", "hi\n\n"))).toEqual(["user: hi\n"]);
  });

  it("named *.lines.txt has a prompt per line", () => {
    const parsed = parse("a.lines.txt", "one\r\n\r\n two\nthree");
    expect(parsed.prompts.map(({ messages }) => messages[0]?.text)).toEqual(["one", " two", "three"]);
  });

  it("that is empty is a fault", () => {
    expect(parse("a.txt", " \n").diagnostics[0]?.severity).toBe("error");
    expect(parse("a.lines.txt", "\n\n").diagnostics[0]?.severity).toBe("error");
  });
});
