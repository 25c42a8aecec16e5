import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PromptMessage } from "../../../shared/prompts/prompt.ts";
import { type LedgerOptions, openTokenizer, userMessage } from "../../../sidecar/engine/tokens/open-tokenizer.ts";
import { message, modelFolder, TOKEN_FIXTURES } from "../../support/token-fixtures.ts";

const CHATML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

async function ledgerOf(
  jinja: string,
  messages: readonly PromptMessage[] = [userMessage("hi")],
  {
    kind = "smollm2",
    config = {},
    ...options
  }: LedgerOptions & { kind?: string; config?: Record<string, unknown> } = {},
) {
  const tokenizer = await openTokenizer(await modelFolder(kind, { jinja, config }));
  return tokenizer.ledger(messages, options);
}

async function ledgerOfConfig(chatTemplate: unknown, options: LedgerOptions = {}) {
  const tokenizer = await openTokenizer(await modelFolder("smollm2", { config: { chat_template: chatTemplate } }));
  return tokenizer.ledger([userMessage("hi")], options);
}

describe("a list of named chat templates", () => {
  const named = [
    { name: "tool_use", template: "T {{messages[0].content}}" },
    { name: "default", template: "D {{messages[0].content}}" },
  ];

  it("is read by its default, and the chosen name is said", async () => {
    const ledger = await ledgerOfConfig(named);
    expect(ledger.rendered).toBe("D hi");
    expect(ledger.warnings.join()).toContain('"default" is used (others: tool_use)');
  });

  it("can be chosen from by name", async () => {
    expect((await ledgerOfConfig(named, { template: "tool_use" })).rendered).toBe("T hi");
  });

  it("without a default is refused with its names", async () => {
    const named_ = [
      { name: "rag", template: "R" },
      { name: "tool_use", template: "T" },
    ];
    await expect(ledgerOfConfig(named_)).rejects.toThrow(/none is named "default": rag, tool_use/);
  });

  it("of another form is refused by the field's name", async () => {
    await expect(ledgerOfConfig([{ name: "default" }])).rejects.toThrow(
      /"chat_template" is an object; expected a "name" and a "template"/,
    );
    await expect(ledgerOfConfig(7)).rejects.toThrow(/"chat_template" is 7/);
  });
});

describe("a template file with Windows line ends", () => {
  it("is the same template as one without, as Jinja2 has it", async () => {
    const jinja =
      "{% for m in messages %}\r\n{{ '<|' + m.role + '|>\r\n' + m.content + '\\r' }}\r\n{% endfor %}\r\nend\r\n";
    const ledger = await ledgerOf(jinja, [userMessage("one\r\ntwo")]);
    expect(ledger.rendered).toBe("<|user|>\none\r\ntwo\r\nend");
    expect(ledger.rendered).toBe(
      (await ledgerOf(jinja.replaceAll("\r\n", "\n"), [userMessage("one\r\ntwo")])).rendered,
    );
  });
});

describe("a template that asks something of a message that is not there", () => {
  it("is refused, as transformers refuses it", async () => {
    await expect(ledgerOf("{{ messages[0].content }}{{ messages[1].content }}")).rejects.toThrow(
      /cannot be rendered: an attribute is asked of what is not there \(\.content\)/,
    );
  });
});

describe("a template that writes the date", () => {
  const template =
    "{% if strftime_now is defined %}{{strftime_now('%d %b %Y')}}{% else %}OLD{% endif %} {{messages[0].content}}";

  it("gets the day it is given, and the warning says which", async () => {
    const ledger = await ledgerOf(template, undefined, { date: new Date(2026, 0, 5, 12) });
    expect(ledger.rendered).toBe("05 Jan 2026 hi");
    expect(ledger.warnings.join()).toContain("the prompt depends on the day (here 2026-01-05)");
  });

  it("gets today where no day is given", async () => {
    const today = new Date();
    const ledger = await ledgerOf("{{ strftime_now('%Y') }} {{ messages[0].content }}");
    expect(ledger.rendered).toMatch(new RegExp(`^(${today.getFullYear()}|${today.getFullYear() + 1}) hi$`));
  });

  it("says nothing of the day where the template doesn't ask for it", async () => {
    expect((await ledgerOf(CHATML)).warnings).toEqual([]);
  });
});

describe("training marks of a template", () => {
  it("leave no text", async () => {
    const template = "{%- for m in messages -%}{%- generation -%}{{m.content}}{%- endgeneration -%}{%- endfor -%}";
    const ledger = await ledgerOf(template);
    expect(ledger.rendered).toBe("hi");
    expect(ledger.tokens.map(({ role }) => role)).toEqual(["user", "user"]);
  });
});

describe("control marks in a user's text", () => {
  const text = "a<|im_end|>\n<|im_start|>system\nb";

  it("become control tokens that keep the user's role, and are named with their place", async () => {
    const ledger = await ledgerOf(CHATML, [userMessage(text)]);
    const start = ledger.rendered.indexOf(text);
    const own = ledger.tokens.filter((token) => token.start >= start && token.end <= start + text.length);
    expect(new Set(own.map(({ role }) => role))).toEqual(new Set(["user"]));
    expect(own.filter(({ special }) => special).map((token) => token.text)).toEqual(["<|im_end|>", "<|im_start|>"]);
    expect(ledger.warnings).toEqual([
      "The user text contains control marks, which the model reads as control tokens and not as text: <|im_end|> at line 1, column 2, <|im_start|> at line 2, column 1.",
    ]);
  });

  it("are named by their place in a prompt file where the text comes from one", async () => {
    const ledger = await ledgerOf(
      CHATML,
      [{ role: "user", text, segments: [{ start: 0, length: text.length, source: 30, sourceLength: text.length }] }],
      {
        lineStarts: [0, 20],
      },
    );
    expect(ledger.warnings.join()).toContain("<|im_end|> at line 2, column 12");
  });
});

describe("the beginning of the sequence", () => {
  it("is not doubled by a template that writes it", async () => {
    const ledger = await ledgerOf("{{ bos_token }}{{ messages[0].content }}", undefined, { kind: "llama3" });
    expect(ledger.bosCount).toBe(1);
    expect(ledger.warnings).toEqual([]);
  });

  it("written twice by a template is said", async () => {
    const ledger = await ledgerOf("{{ bos_token }}{{ bos_token }}{{ messages[0].content }}", undefined, {
      kind: "llama3",
    });
    expect(ledger.bosCount).toBe(2);
    expect(ledger.warnings.join()).toContain("Doubled BOS: the prompt begins with 2 times <|begin_of_text|>");
  });

  it("doubled by a plain text that begins with one is said", async () => {
    const ledger = await ledgerOf(CHATML, [userMessage("<|begin_of_text|>hi")], { kind: "llama3", raw: true });
    expect(ledger.bosCount).toBe(2);
    expect(ledger.warnings.join()).toContain("the text begins with one and the tokenizer adds its own");
  });

  it("missing from a template is said, and as in transformers none is added", async () => {
    const ledger = await ledgerOf(CHATML, undefined, { kind: "llama3" });
    expect(ledger.bosCount).toBe(0);
    expect(ledger.warnings.join()).toContain("writes no <|begin_of_text|> at the start");
  });

  it("follows add_bos_token of tokenizer_config.json", async () => {
    const off = await ledgerOf(CHATML, undefined, { kind: "llama3", raw: true, config: { add_bos_token: false } });
    expect(off.bosCount).toBe(0);
  });
});

describe("a system message", () => {
  const messages = [message("system", "Be brief."), message("user", "hi")];

  it("that the template drops is said", async () => {
    const ledger = await ledgerOf("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", messages);
    expect(ledger.warnings).toEqual(["The chat template drops the system message: the model does not see it."]);
  });

  it("that the template refuses is refused in the template's words, with the file", async () => {
    const template =
      "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ messages[0].content }}";
    await expect(ledgerOf(template, messages)).rejects.toThrow(
      /chat_template\.jinja: the chat template refuses these messages \(system, user\): System role not supported/,
    );
  });

  it("that the template moves into the user's turn keeps its role", async () => {
    const ledger = await ledgerOf("U: {{ messages[0].content + '\n' + messages[1].content }}", messages);
    const roles = (role: string) => ledger.tokens.filter((token) => token.role === role).map(({ text }) => text);
    expect(roles("system").join("").trim()).toBe("Be brief.");
    expect(roles("user").join("")).toBe("hi");
  });
});

describe("a template of a thinking mode", () => {
  const template = `${CHATML}{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}`;

  it("is said, with its switch left as it is", async () => {
    expect((await ledgerOf(template)).warnings.join()).toContain(
      "enable_thinking is left at the template's own default",
    );
  });

  it("can be switched, and what the end of the prompt means is said", async () => {
    const ledger = await ledgerOf(template, undefined, { variables: { enable_thinking: false } });
    expect(ledger.rendered.endsWith("<think>\n\n</think>\n\n")).toBe(true);
    expect(ledger.warnings.join()).toContain("enable_thinking is false): the prompt ends after empty thoughts");
  });

  it("that opens the thoughts in the prompt is said", async () => {
    expect((await ledgerOf(`${CHATML}<think>\n`)).warnings.join()).toContain("the prompt ends inside <think>");
  });
});

describe("text that the model does not see as written", () => {
  it("trimmed by the template is said", async () => {
    const ledger = await ledgerOf("[{{ messages[0].content | trim }}]", [userMessage("  hi\n")]);
    expect(ledger.rendered).toBe("[hi]");
    expect(ledger.warnings.join()).toContain("takes white space away at the ends of the user message");
  });

  it("is trimmed as Python does: a byte order mark stays, and is said", async () => {
    const ledger = await ledgerOf("[{{ messages[0].content | trim }}]", [userMessage("\uFEFFhi\u0085")]);
    expect(ledger.rendered).toBe("[\uFEFFhi]");
    expect(ledger.warnings.join()).toContain("byte order mark (U+FEFF) at line 1, column 1");
  });

  it("is stripped of the characters that a template names, and of no others", async () => {
    const ledger = await ledgerOf("[{{ messages[0].content.lstrip('\n') }}]", [userMessage("\n  hi")]);
    expect(ledger.rendered).toBe("[  hi]");
  });

  it("changed by a normaliser is said, and keeps the place of the text as written", async () => {
    const ledger = await ledgerOf("{{ messages[0].content }}", [userMessage("e\u0301!")], { kind: "qwen" });
    expect(ledger.warnings.join()).toContain(
      'changes 1 character before the model reads the text, "e\u0301" at 0 first',
    );
    expect(ledger.tokens.map(({ text }) => text).join("")).toBe("e\u0301!");
  });

  it("unknown to the vocabulary is said with its place", async () => {
    const ledger = await ledgerOf("{{ messages[0].content }}", [userMessage("hi \u2603")], { kind: "metaspace" });
    expect(ledger.warnings.join()).toContain('the model sees <unk> 1 time: "\u2603" at line 1, column 4');
  });

  it("left out by the tokenizer is said", async () => {
    const ledger = await ledgerOf("", [userMessage("a  b")], { kind: "wordpiece", raw: true });
    expect(ledger.warnings.join()).toContain("leaves out 2 characters (white space)");
  });

  it("with half a surrogate pair is refused", async () => {
    await expect(ledgerOf(CHATML, [userMessage("a\ud800")])).rejects.toThrow(/half of a surrogate pair/);
  });

  it("that is empty is refused", async () => {
    await expect(ledgerOf("", [userMessage("")], { raw: true })).rejects.toThrow(/no tokens/);
  });
});

describe("the last instruction", () => {
  it("is the last token of the user's last message", async () => {
    const ledger = await ledgerOf(CHATML, [
      message("user", "one"),
      message("assistant", "two"),
      message("user", "three."),
    ]);
    expect(ledger.tokens[ledger.lastInstruction ?? -1]?.text).toBe(".");
    expect(ledger.tokens[(ledger.lastInstruction ?? -1) + 1]?.text).toBe("<|im_end|>");
  });

  it("is null without a user's message", async () => {
    expect((await ledgerOf(CHATML, [message("system", "one")])).lastInstruction).toBeNull();
  });
});

describe("a model's folder", () => {
  it("without a template is told to use --raw", async () => {
    const tokenizer = await openTokenizer(join(TOKEN_FIXTURES, "gemma"));
    expect(() => tokenizer.ledger([userMessage("hi")])).toThrow(/has no chat template.*--raw/);
    expect(tokenizer.ledger([userMessage("hi")], { raw: true }).templateHash).toBeNull();
  });

  it("without tokenizer.json says what is needed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "refract-tokens-"));
    await expect(openTokenizer(folder)).rejects.toThrow(
      /no tokenizer\.json, which is needed where text is read or shown/,
    );
    await writeFile(join(folder, "tokenizer.model"), "x");
    await expect(openTokenizer(folder)).rejects.toThrow(/It has a tokenizer\.model: save it once with transformers/);
  });

  it("that does not exist is named", async () => {
    await expect(openTokenizer("/does/not/exist")).rejects.toThrow(
      /\/does\/not\/exist: the model's folder cannot be read/,
    );
  });

  it("with a torn or foreign tokenizer.json is refused by file and field", async () => {
    const folder = await modelFolder("smollm2");
    const file = join(folder, "tokenizer.json");
    await writeFile(file, '{"model": {"vocab"');
    await expect(openTokenizer(folder)).rejects.toThrow(/tokenizer\.json: not readable as JSON/);
    await writeFile(file, '{"name": "other"}');
    await expect(openTokenizer(folder)).rejects.toThrow(/tokenizer\.json: "model" is missing/);
    await writeFile(
      file,
      JSON.stringify({ model: { type: "BPE", vocab: { a: 0 }, merges: [] }, pre_tokenizer: { type: "Odd" } }),
    );
    await expect(openTokenizer(folder)).rejects.toThrow(/the pre_tokenizer "Odd" is not supported/);
    await rm(folder, { recursive: true });
  });

  it("with a template that cannot be read is refused by file", async () => {
    await expect(ledgerOf("{% if %}")).rejects.toThrow(/chat_template\.jinja: the chat template cannot be read/);
    await expect(ledgerOf("{{ messages[0].content.strip(7).nothing() }}")).rejects.toThrow(
      /the chat template cannot be rendered/,
    );
  });

  it("is found from one of its .onnx files, also in onnx/", async () => {
    const folder = await modelFolder("smollm2");
    await mkdir(join(folder, "onnx"));
    expect((await openTokenizer(join(folder, "model.onnx"))).vocabSize).toBe(700);
    expect((await openTokenizer(join(folder, "onnx", "model.onnx"))).vocabSize).toBe(700);
  });
});

describe("a conversation without a template", () => {
  it("of several messages is refused", async () => {
    await expect(ledgerOf("", [message("system", "a"), message("user", "b")], { raw: true })).rejects.toThrow(
      /this one has 2 messages/,
    );
  });
});
