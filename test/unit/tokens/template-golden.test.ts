import { describe, expect, it } from "vitest";
import { compileChatTemplate } from "../../../sidecar/engine/tokens/chat-template.ts";
import { openTokenizer } from "../../../sidecar/engine/tokens/open-tokenizer.ts";
import { isPythonSpace } from "../../../sidecar/engine/tokens/python-text.ts";
import { message, modelFolder, readFixture } from "../../support/token-fixtures.ts";

type Role = "system" | "user" | "assistant";

interface Golden {
  versions: { transformers: string };
  day: string;
  templates: {
    name: string;
    tokenizer: string;
    template: string;
    conversations: {
      messages: { role: Role; content: string }[];
      rendered?: string;
      ids?: number[];
      refused?: string;
    }[];
  }[];
}

const golden = await readFixture<Golden>("templates.json");
const date = new Date(golden.day);
// These write a message's text in another form, or twice.
const TRANSFORMING = new Set(["tojson", "upper", "twice", "python"]);

describe.each(golden.templates)(
  "the chat template $name",
  async ({ name, tokenizer: kind, template, conversations }) => {
    const tokenizer = await openTokenizer(await modelFolder(kind, { jinja: template }));
    const rendered = conversations.filter((conversation) => conversation.rendered !== undefined);

    it("renders and tokenises as transformers 5.23.0 does", () => {
      for (const { messages, rendered: text, ids } of rendered) {
        const ledger = tokenizer.ledger(
          messages.map(({ role, content }) => message(role, content)),
          { date },
        );
        expect(ledger.rendered).toBe(text);
        expect(ledger.ids).toEqual(ids);
      }
    });

    it("refuses what transformers refuses, in the template's own words", () => {
      for (const { messages, refused } of conversations) {
        if (refused === undefined) continue;
        expect(() => tokenizer.ledger(messages.map(({ role, content }) => message(role, content)))).toThrow(refused);
      }
    });

    it("gives each message's characters the message's role, and the rest the role template", () => {
      if (TRANSFORMING.has(name)) return expect(TRANSFORMING).toContain(name);
      for (const { messages } of rendered) {
        const ledger = tokenizer.ledger(
          messages.map(({ role, content }) => message(role, content)),
          { date },
        );
        const lost = ledger.warnings.some((warning) => warning.includes("drops"));
        const own = ledger.tokens.filter(({ role }) => role !== "template").map(({ text }) => visible(text));
        const given = messages.filter(({ role }) => !lost || role !== "system").map(({ content }) => visible(content));
        // A template may show only a part of a message (its answer without the thoughts before it), but nothing else as its own.
        expect(ledger.warnings.filter((warning) => warning.includes("cannot be followed"))).toEqual([]);
        if (name === "qwen3") for (const text of own) expect(given.join("")).toContain(text);
        else expect(own.join("")).toBe(given.join(""));
      }
    });
  },
);

it("keeps the white space inside a training span, whatever the tag after it strips, as transformers 5.23.0 does", () => {
  const template = `{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
<|assistant|>
{% generation %}{{ message.content }}<|end|>
{% endgeneration %}
{%- else -%}
<|{{ message.role }}|>
{{ message.content }}<|end|>
{% endif -%}
{%- endfor -%}`;
  const messages = [
    { role: "user", content: "How?" },
    { role: "assistant", content: "You can't.\n" },
    { role: "user", content: "Why?" },
  ];
  const { text } = compileChatTemplate(template, "chat_template.jinja", {}).render(messages, {
    addGenerationPrompt: false,
    date,
    variables: {},
  });
  expect(text).toBe("<|user|>\nHow?<|end|>\n<|assistant|>\nYou can't.\n<|end|>\n<|user|>\nWhy?<|end|>\n");
});

function visible(text: string): string {
  return [...text].filter((character) => !isPythonSpace(character)).join("");
}
