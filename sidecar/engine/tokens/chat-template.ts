import { createHash } from "node:crypto";
import { refused } from "../../../shared/errors.ts";
import { isJinjaNode, type JinjaNode, parseJinja } from "./jinja-library.ts";
import { runJinja } from "./python-jinja.ts";
import { pythonStrftime, pythonStrip } from "./python-text.ts";

/** A message as a template sees it. */
export interface TemplateMessage {
  role: string;
  content: string;
}

export interface RenderOptions {
  addGenerationPrompt: boolean;
  /** What `strftime_now` gives. */
  date: Date;
  /** Further variables of the template (`enable_thinking`, ...). */
  variables: Record<string, unknown>;
}

/** A chat template, parsed. */
export interface ChatTemplate {
  /** SHA-256 of its source. */
  hash: string;
  /** Names that it reads and nobody sets: what a caller may give as `variables`. */
  freeVariables: ReadonlySet<string>;
  /** Renders messages; `dated` says whether the result depends on the day. Refuses, in the template's own words, what the template refuses. */
  render(messages: readonly TemplateMessage[], options: RenderOptions): { text: string; dated: boolean };
}

/** Thrown by a template's own `raise_exception`. */
class TemplateRefusal extends Error {}

const STRIP = "__refract_strip";
const STRIP_SIDES: Record<string, "both" | "left" | "right"> = { strip: "both", lstrip: "left", rstrip: "right" };
const GIVEN = new Set([
  ..."messages tools documents add_generation_prompt bos_token eos_token unk_token sep_token pad_token cls_token mask_token".split(
    " ",
  ),
  ..."true false none True False None range namespace raise_exception strftime_now loop caller kwargs varargs dict".split(
    " ",
  ),
]);

/** Compiles a template as transformers runs it. `file` and `specialTokens` are the model's. */
export function compileChatTemplate(source: string, file: string, specialTokens: Record<string, string>): ChatTemplate {
  const program = parse(source, file);
  rewriteStrips(program);
  return {
    hash: createHash("sha256").update(source).digest("hex"),
    freeVariables: freeVariables(program),
    render(messages, options) {
      let dated = false;
      const variables: Record<string, unknown> = {
        false: false,
        true: true,
        none: null,
        False: false,
        True: true,
        None: null,
        range: pythonRange,
        raise_exception: (message: unknown) => {
          throw new TemplateRefusal(String(message));
        },
        strftime_now: (format: string) => {
          dated = true;
          return pythonStrftime(options.date, format);
        },
        [STRIP]: strip,
        ...specialTokens,
        messages,
        tools: null,
        documents: null,
        add_generation_prompt: options.addGenerationPrompt,
        ...options.variables,
      };
      try {
        return { text: runJinja(program, variables), dated };
      } catch (cause) {
        if (cause instanceof TemplateRefusal) {
          const roles = messages.map(({ role }) => role).join(", ");
          throw refused(`${file}: the chat template refuses these messages (${roles}): ${cause.message}`, cause);
        }
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw refused(`${file}: the chat template cannot be rendered: ${reason}`, cause);
      }
    },
  };
}

function parse(source: string, file: string): JinjaNode {
  try {
    return parseJinja(source);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refused(`${file}: the chat template cannot be read: ${reason}`, cause);
  }
}

/**
 * Turns `x.strip(...)`, `lstrip`, `rstrip` and `x | trim` into calls of our own: the library trims with JavaScript's idea of white
 * space and ignores the argument, and a prompt would lose characters that the model should see.
 */
function rewriteStrips(program: JinjaNode): void {
  visit(program, (node) => {
    const { callee, filter, operand } = node;
    if (node.type === "CallExpression" && isJinjaNode(callee) && callee.type === "MemberExpression") {
      const { object, property, computed } = callee;
      if (computed === true || !isJinjaNode(property) || typeof property.value !== "string") return;
      const side = STRIP_SIDES[property.value];
      if (side === undefined || !Array.isArray(node.args)) return;
      turnIntoStrip(node, side, [object, ...node.args]);
    } else if (node.type === "FilterExpression" && isJinjaNode(filter)) {
      const name = filter.type === "CallExpression" && isJinjaNode(filter.callee) ? filter.callee.value : filter.value;
      if (name !== "trim") return;
      turnIntoStrip(node, "filter", [operand, ...(Array.isArray(filter.args) ? filter.args : [])]);
    }
  });
}

function turnIntoStrip(node: JinjaNode, side: string, args: unknown[]): void {
  const first = { type: "StringLiteral", value: side };
  Object.assign(node, { type: "CallExpression", callee: { type: "Identifier", value: STRIP }, args: [first, ...args] });
}

function strip(side: "both" | "left" | "right" | "filter", text: unknown, characters?: unknown): string {
  // The filter takes anything; the method is one of strings.
  if (side === "filter" && typeof text !== "string") return text === undefined ? "" : String(text);
  if (typeof text !== "string") {
    throw new Error(`cannot strip white space of ${text === undefined ? "an undefined value" : typeof text}`);
  }
  return pythonStrip(text, side === "filter" ? "both" : side, typeof characters === "string" ? characters : null);
}

function pythonRange(first: number, second?: number, step = 1): number[] {
  if (step === 0) throw new Error("range() arg 3 must not be zero");
  const [from, to] = second === undefined ? [0, first] : [first, second];
  const numbers: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) numbers.push(i);
  return numbers;
}

/** Identifiers that are read somewhere and bound nowhere. */
function freeVariables(program: JinjaNode): Set<string> {
  const read = new Set<string>();
  const bound = new Set(GIVEN);
  bound.add(STRIP);
  const bind = (node: unknown) => {
    if (!isJinjaNode(node)) return;
    if (node.type === "Identifier") bound.add(String(node.value));
    else if (node.type === "TupleLiteral" && Array.isArray(node.value)) node.value.forEach(bind);
    else if (node.type === "KeywordArgumentExpression") bind(node.key);
  };
  // Names of filters, tests, attributes and arguments are not variables.
  const names = new Set<unknown>();
  visit(program, (node) => {
    if (node.type === "Set") bind(node.assignee);
    if (node.type === "For") bind(node.loopvar);
    if (node.type === "Macro") {
      bind(node.name);
      if (Array.isArray(node.args)) node.args.forEach(bind);
    }
    if (node.type === "MemberExpression" && node.computed !== true) names.add(node.property);
    if (node.type === "TestExpression") names.add(node.test);
    if (node.type === "KeywordArgumentExpression") names.add(node.key);
    if (node.type === "FilterExpression" || node.type === "FilterStatement") {
      names.add(node.filter);
      if (isJinjaNode(node.filter)) names.add(node.filter.callee);
    }
  });
  visit(program, (node) => {
    if (node.type === "Identifier" && !names.has(node)) read.add(String(node.value));
  });
  return new Set([...read].filter((name) => !bound.has(name)));
}

function visit(value: unknown, action: (node: JinjaNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, action);
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      visit(key, action);
      visit(item, action);
    }
  } else if (isJinjaNode(value)) {
    for (const [name, field] of Object.entries(value)) if (name !== "operator") visit(field, action);
    action(value);
  }
}
