import {
  isJinjaNode,
  type JinjaNode,
  type JinjaScope,
  type JinjaValue,
  LibraryRuntime,
  LibraryScope,
} from "./jinja-library.ts";
import { pythonRepr } from "./python-text.ts";

/** Statements that write nothing, whatever their evaluation gives. */
const SILENT = new Set(["Set", "Macro", "Comment"]);

const COMPARING = new Set(["==", "!=", "~", "in", "not in"]);

/** The name under which an object waits for its attribute; no template can write it. */
const HELD = "\0held";

/** Thrown by `break` and `continue`, with what their round of the loop had written. */
class LoopControl extends Error {
  readonly kind: string;
  written = "";

  constructor(kind: string) {
    super(`${kind} outside of a loop`);
    this.kind = kind;
  }
}

/** Runs a parsed template as Jinja2 runs it; `variables` are all that it sees. */
export function runJinja(program: JinjaNode, variables: Record<string, unknown>): string {
  const scope = new LibraryScope();
  for (const [name, value] of Object.entries(variables)) scope.set(name, value);
  return pythonText(new PythonRuntime(scope).run(program));
}

/**
 * The library's interpreter where it differs from Jinja2 without a word, so that a prompt would come out otherwise: what values are written
 * as, what is equal, what a loop's rounds leave behind, and what `break` and `continue` leave of their round.
 */
class PythonRuntime extends LibraryRuntime {
  override evaluate(node: JinjaNode | undefined, scope: JinjaScope): JinjaValue {
    if (node?.type === "Break" || node?.type === "Continue") throw new LoopControl(node.type);
    return super.evaluate(node, scope);
  }

  override evaluateBlock(statements: readonly JinjaNode[], scope: JinjaScope): JinjaValue {
    let text = "";
    for (const statement of statements) {
      try {
        const value = this.evaluate(statement, scope);
        if (!SILENT.has(statement.type)) text += pythonText(value);
      } catch (cause) {
        if (cause instanceof LoopControl) cause.written = text + cause.written;
        throw cause;
      }
    }
    return asValue(text);
  }

  /** Each round has a scope of its own; a text is a list of its characters. */
  override evaluateFor(node: JinjaNode, outer: JinjaScope): JinjaValue {
    const { iterable, loopvar } = node;
    const filtered = isJinjaNode(iterable) && iterable.type === "SelectExpression" ? iterable : null;
    const over = this.evaluate((filtered === null ? iterable : filtered.lhs) as JinjaNode, outer);
    const test = filtered === null ? null : (filtered.test as JinjaNode);
    const items = itemsOf(over).filter((item) => {
      if (test === null) return true;
      const scope = new LibraryScope(outer);
      bind(scope, loopvar, item);
      return isTrue(this.evaluate(test, scope));
    });
    if (items.length === 0) return this.evaluateBlock(node.defaultBlock as JinjaNode[], outer);
    let text = "";
    for (const [index, item] of items.entries()) {
      const scope = new LibraryScope(outer);
      setLoop(scope, items, index);
      bind(scope, loopvar, item);
      try {
        text += pythonText(this.evaluateBlock(node.body as JinjaNode[], scope));
      } catch (cause) {
        if (!(cause instanceof LoopControl)) throw cause;
        text += cause.written;
        if (cause.kind === "Break") break;
      }
    }
    return asValue(text);
  }

  override evaluateBinaryExpression(node: JinjaNode, scope: JinjaScope): JinjaValue {
    const operator = isRecord(node.operator) ? node.operator.value : undefined;
    if (!COMPARING.has(String(operator))) return super.evaluateBinaryExpression(node, scope);
    const left = this.evaluate(node.left as JinjaNode, scope);
    const right = this.evaluate(node.right as JinjaNode, scope);
    if (operator === "~") return asValue(pythonText(left) + pythonText(right));
    if (operator === "==" || operator === "!=") return asValue(areEqual(left, right) === (operator === "=="));
    if (!isList(right.value)) return super.evaluateBinaryExpression(node, scope);
    return asValue(right.value.some((item) => areEqual(left, item)) === (operator === "in"));
  }

  /** What is not there has no attributes: Jinja2 refuses to go on, and a template that expects more messages refuses these. */
  override evaluateMemberExpression(node: JinjaNode, scope: JinjaScope): JinjaValue {
    const object = this.evaluate(node.object as JinjaNode, scope);
    if (object.type === "UndefinedValue") throw new Error(`an attribute is asked of what is not there${placeOf(node)}`);
    const inner = new LibraryScope(scope);
    inner.setVariable(HELD, object);
    return super.evaluateMemberExpression({ ...node, object: { type: "Identifier", value: HELD } }, inner);
  }

  override applyFilter(operand: JinjaValue, filter: JinjaNode, scope: JinjaScope): JinjaValue {
    const called = filter.type === "CallExpression" && isJinjaNode(filter.callee) ? filter.callee : filter;
    const args = Array.isArray(filter.args) ? (filter.args as JinjaNode[]) : [];
    switch (called.value) {
      case "string":
        return asValue(pythonText(operand));
      case "length":
      case "count":
        if (typeof operand.value === "string") return asValue([...operand.value].length);
        break;
      case "join":
        if (args.length < 2 && args.every(({ type }) => type !== "KeywordArgumentExpression")) {
          const between = args[0] === undefined ? "" : pythonText(this.evaluate(args[0], scope));
          return asValue(itemsOf(operand).map(pythonText).join(between));
        }
        break;
      case "selectattr":
      case "rejectattr":
        // The library takes a missing attribute for one that fails every test, so that "undefined" never holds.
        if (args.length === 2) {
          const [name, test] = args.map((argument) => this.evaluate(argument, scope).value);
          const holds = PRESENCE[String(test)];
          if (holds !== undefined) return selected(operand, called.value === "selectattr", name, holds);
        }
    }
    return super.applyFilter(operand, filter, scope);
  }
}

const PRESENCE: Record<string, (type: string) => boolean> = {
  defined: (type) => type !== "UndefinedValue",
  undefined: (type) => type === "UndefinedValue",
  none: (type) => type === "NullValue",
};

function selected(operand: JinjaValue, keep: boolean, name: unknown, holds: (type: string) => boolean): JinjaValue {
  const items = itemsOf(operand).filter((item) => {
    const attribute = item.value instanceof Map ? (item.value.get(name) as JinjaValue | undefined) : undefined;
    return holds(attribute?.type ?? "UndefinedValue") === keep;
  });
  const list = asValue([]);
  (list.value as JinjaValue[]).push(...items);
  return list;
}

/** An attribute's name, where it stands in the template as such. */
function placeOf({ property, computed }: JinjaNode): string {
  return computed !== true && isJinjaNode(property) && typeof property.value === "string"
    ? ` (.${property.value})`
    : "";
}

/** What a value is written as. */
function pythonText(value: JinjaValue): string {
  if (typeof value.value === "string") return value.value;
  return value.type === "UndefinedValue" ? "" : reprOf(value);
}

function reprOf(value: JinjaValue): string {
  const inner = value.value;
  if (value.type === "UndefinedValue") return "Undefined";
  if (value.type === "NullValue") return "None";
  if (typeof inner === "boolean") return inner ? "True" : "False";
  if (typeof inner === "string") return pythonRepr(inner);
  if (isList(inner)) {
    const items = inner.map(reprOf).join(", ");
    if (value.type !== "TupleValue") return `[${items}]`;
    return inner.length === 1 ? `(${items},)` : `(${items})`;
  }
  if (inner instanceof Map) {
    const entries = [...inner].map(([key, item]) => `${pythonRepr(String(key))}: ${reprOf(item as JinjaValue)}`);
    return `{${entries.join(", ")}}`;
  }
  return value.toString();
}

function areEqual(left: JinjaValue, right: JinjaValue): boolean {
  const [a, b] = [left.value, right.value];
  if (isNumber(a) && isNumber(b)) return Number(a) === Number(b);
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, index) => areEqual(item, b[index] as JinjaValue));
  }
  if (a instanceof Map && b instanceof Map) {
    const same = ([key, item]: [unknown, unknown]) =>
      b.has(key) && areEqual(item as JinjaValue, b.get(key) as JinjaValue);
    return a === b || (a.size === b.size && [...a].every(same));
  }
  return left.type === right.type && a === b;
}

/** Python's True and False are numbers too. */
function isNumber(value: unknown): value is number | bigint | boolean {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

function isTrue({ value }: JinjaValue): boolean {
  if (isList(value)) return value.length > 0;
  return value instanceof Map ? value.size > 0 : Boolean(value);
}

/** What a loop goes through: items, keys or characters. */
function itemsOf(over: JinjaValue): JinjaValue[] {
  const { value } = over;
  if (isList(value)) return [...value];
  if (value instanceof Map) return [...value.keys()].map((key) => asValue(key));
  if (typeof value === "string") return [...value].map((character) => asValue(character));
  if (over.type === "UndefinedValue") return [];
  throw new Error(`expected a list to go through, found ${reprOf(over)}`);
}

function bind(scope: JinjaScope, target: unknown, item: JinjaValue): void {
  if (!isJinjaNode(target)) return;
  if (target.type === "Identifier") {
    scope.setVariable(String(target.value), item);
    return;
  }
  const names = target.value as JinjaNode[];
  const parts = itemsOf(item);
  if (parts.length !== names.length)
    throw new Error(`expected ${names.length} values to unpack, found ${parts.length}`);
  for (const [index, name] of names.entries()) bind(scope, name, parts[index] as JinjaValue);
}

function setLoop(scope: JinjaScope, items: readonly JinjaValue[], index: number): void {
  const left = items.length - index;
  const loop = scope.set("loop", {
    index: index + 1,
    index0: index,
    revindex: left,
    revindex0: left - 1,
    first: index === 0,
    last: left === 1,
    length: items.length,
  });
  const neighbours = loop.value as Map<string, JinjaValue>;
  neighbours.set("previtem", items[index - 1] ?? asValue(undefined));
  neighbours.set("nextitem", items[index + 1] ?? asValue(undefined));
}

function asValue(value: unknown): JinjaValue {
  return new LibraryScope().set("value", value);
}

function isList(value: unknown): value is JinjaValue[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
