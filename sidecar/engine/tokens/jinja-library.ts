import * as library from "@huggingface/jinja";

// The library's declarations import without file extensions, which this project's module resolution doesn't follow, so that its inner
// types are lost. What is used of it is typed here, and nowhere else.

/** A node of a parsed template: a statement or an expression, told apart by `type`. */
export interface JinjaNode {
  type: string;
  [field: string]: unknown;
}

/** A value while a template runs: `type` is StringValue, IntegerValue, ... */
export interface JinjaValue {
  type: string;
  value: unknown;
  toString(): string;
}

/** The variables of a scope. */
export interface JinjaScope {
  /** Declares a variable with a JavaScript value; gives back what it became. */
  set(name: string, value: unknown): JinjaValue;
  setVariable(name: string, value: JinjaValue): JinjaValue;
}

/** The library's interpreter: the methods that are run under their names, and so can be replaced. */
export interface JinjaRuntime {
  run(program: JinjaNode): JinjaValue;
  evaluate(node: JinjaNode | undefined, scope: JinjaScope): JinjaValue;
  evaluateBlock(statements: readonly JinjaNode[], scope: JinjaScope): JinjaValue;
  evaluateFor(node: JinjaNode, scope: JinjaScope): JinjaValue;
  evaluateBinaryExpression(node: JinjaNode, scope: JinjaScope): JinjaValue;
  evaluateMemberExpression(node: JinjaNode, scope: JinjaScope): JinjaValue;
  applyFilter(operand: JinjaValue, filter: JinjaNode, scope: JinjaScope): JinjaValue;
}

export const LibraryScope: new (parent?: JinjaScope) => JinjaScope = Reflect.get(library, "Environment");
export const LibraryRuntime: new (scope: JinjaScope) => JinjaRuntime = Reflect.get(library, "Interpreter");
const tokenize: (source: string, options: object) => unknown[] = Reflect.get(library, "tokenize");
const parse: (tokens: unknown[]) => JinjaNode = Reflect.get(library, "parse");

/**
 * Parses a template with the settings that transformers uses. Jinja2 reads every line end as "\n", also within a text; the library doesn't.
 * The marks of training spans (`{% generation %}`) become conditions that always hold: the library takes them out before it strips white
 * space, so that a tag's `-` would reach across them into a message.
 */
export function parseJinja(source: string): JinjaNode {
  const marked = source
    .replace(/\r\n?/g, "\n")
    .replace(/\{%([-+]?)\s*generation\s*([-+]?)%\}/g, "{%$1 if true $2%}")
    .replace(/\{%([-+]?)\s*endgeneration\s*([-+]?)%\}/g, "{%$1 endif $2%}");
  return parse(tokenize(marked, { lstrip_blocks: true, trim_blocks: true }));
}

export function isJinjaNode(value: unknown): value is JinjaNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
