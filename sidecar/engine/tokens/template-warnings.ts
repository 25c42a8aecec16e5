import type { PromptMessage } from "../../../shared/prompts/prompt.ts";
import type { ChatTemplate, RenderOptions } from "./chat-template.ts";
import type { Encoder } from "./encode.ts";
import type { MessageMap } from "./locate-messages.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";

interface Rendered {
  name: string;
  files: TokenizerFiles;
  template: ChatTemplate;
  messages: readonly PromptMessage[];
  text: string;
  map: MessageMap;
  dated: boolean;
  options: RenderOptions;
  encoder: Encoder;
}

/** What the chat template did that a user would not expect, in words. */
export function templateWarnings(rendered: Rendered): string[] {
  const { name, files, messages, map, dated, options } = rendered;
  const warnings: string[] = [];
  if (files.templates.size > 1) {
    const others = [...files.templates.keys()].filter((other) => other !== name);
    warnings.push(`The model has several chat templates: "${name}" is used (others: ${others.join(", ")}).`);
  }
  if (dated) {
    const day = [options.date.getFullYear(), options.date.getMonth() + 1, options.date.getDate()]
      .map((part) => String(part).padStart(2, "0"))
      .join("-");
    warnings.push(
      `The chat template writes the date: the prompt depends on the day (here ${day}) and so does what is read from it.`,
    );
  }
  for (const index of map.dropped) {
    warnings.push(`The chat template drops the ${nameOf(messages, index)}: the model does not see it.`);
  }
  for (const index of map.lost) {
    warnings.push(
      `The chat template changes the ${nameOf(messages, index)} so that it cannot be followed: its tokens are shown with the role template.`,
    );
  }
  for (const index of map.trimmed) {
    warnings.push(
      `The chat template takes white space away at the ends of the ${nameOf(messages, index)}: the model does not see it.`,
    );
  }
  return [...warnings, ...thinking(rendered)];
}

function nameOf(messages: readonly PromptMessage[], index: number): string {
  const role = messages[index]?.role ?? "user";
  const same = messages.filter((message) => message.role === role).length;
  return same > 1 ? `${role} message (number ${index + 1} of the prompt)` : `${role} message`;
}

/** Templates of models that think first have a switch, and the prompt's end differs with it. */
function thinking({ template, text, options }: Rendered): string[] {
  const switches = [...template.freeVariables].filter((variable) => /think|reason/i.test(variable));
  const open = /<(think|thinking|reasoning)>\s*$/.exec(text)?.[1];
  const closed = /<(think|thinking|reasoning)>\s*<\/\1>\s*$/.test(text);
  if (switches.length === 0 && open === undefined && !closed) return [];
  const given = switches.filter((name) => name in options.variables);
  const set =
    switches.length === 0
      ? "The chat template is one of a thinking mode"
      : given.length > 0
        ? `The chat template has a thinking mode (${given.map((name) => `${name} is ${JSON.stringify(options.variables[name])}`).join(", ")})`
        : `The chat template has a thinking mode, and ${switches.join(", ")} is left at the template's own default`;
  const end =
    open !== undefined
      ? `the prompt ends inside <${open}>, so that generated text begins with thoughts`
      : closed
        ? "the prompt ends after empty thoughts, so that the answer follows at once"
        : "the prompt's end leaves it to the model whether thoughts come first";
  return [`${set}: ${end}.`];
}
