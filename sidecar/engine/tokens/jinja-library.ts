import * as library from "@huggingface/jinja";

// The library's declarations import without file extensions, which this project's module resolution doesn't follow, so that its inner
// types are lost. What is used of it is typed here, and nowhere else.

/** A node of a parsed template: a statement or an expression, told apart by `type`. */
export interface JinjaNode {
  type: string;
  [field: string]: unknown;
}

interface Environment {
  set(name: string, value: unknown): void;
}

const Environment: new () => Environment = Reflect.get(library, "Environment");
const Interpreter: new (environment: Environment) => { run(program: JinjaNode): { value: string } } = Reflect.get(
  library,
  "Interpreter",
);
const tokenize: (source: string, options: object) => unknown[] = Reflect.get(library, "tokenize");
const parse: (tokens: unknown[]) => JinjaNode = Reflect.get(library, "parse");

/**
 * Parses a template with the settings that transformers uses. The marks of training spans (`{% generation %}`) become conditions that always
 * hold: the library takes them out before it strips white space, so that a tag's `-` would reach across them into a message.
 */
export function parseJinja(source: string): JinjaNode {
  const marked = source
    .replace(/\{%([-+]?)\s*generation\s*([-+]?)%\}/g, "{%$1 if true $2%}")
    .replace(/\{%([-+]?)\s*endgeneration\s*([-+]?)%\}/g, "{%$1 endif $2%}");
  return parse(tokenize(marked, { lstrip_blocks: true, trim_blocks: true }));
}

/** Runs a parsed template; `variables` are all that it sees. */
export function runJinja(program: JinjaNode, variables: Record<string, unknown>): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  return new Interpreter(environment).run(program).value;
}

export function isJinjaNode(value: unknown): value is JinjaNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
