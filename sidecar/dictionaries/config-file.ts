import { readFile } from "node:fs/promises";
import { refused } from "../../shared/errors.ts";

/** A dictionary's configuration file: any JSON object. */
export interface ConfigFile {
  path: string;
  values: Readonly<Record<string, unknown>>;
}

/** Reads a configuration. Refused by name: no such file, no JSON, no object. */
export async function readConfig(path: string): Promise<ConfigFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw refused(`${path}: cannot be read (${String(cause)})`, cause);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refused(`${path}: is not JSON: ${(cause as Error).message}`, cause);
  }
  if (!isObject(json)) throw refused(`${path}: expected a JSON object`);
  return { path, values: json };
}

/** The same, or `null` where there is none to read: for recognising. */
export async function tryConfig(path: string): Promise<ConfigFile | null> {
  return readConfig(path).catch(() => null);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object inside a configuration; empty where there is none. */
export function part({ path, values }: ConfigFile, key: string): ConfigFile {
  const inner = values[key];
  return { path, values: isObject(inner) ? inner : {} };
}

/** A whole number above 0. */
export function count({ path, values }: ConfigFile, key: string): number {
  const value = values[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw refused(`${path}: ${key}: expected a whole number above 0, found ${JSON.stringify(value)}`);
}

/** A finite number. */
export function number({ path, values }: ConfigFile, key: string): number {
  const value = values[key];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw refused(`${path}: ${key}: expected a number, found ${JSON.stringify(value)}`);
}

/** A number that a measure is multiplied or divided by. */
export function positive(file: ConfigFile, key: string): number {
  const value = number(file, key);
  if (value > 0) return value;
  throw refused(`${file.path}: ${key}: expected a number above 0, found ${value}`);
}

export function text({ values }: ConfigFile, key: string): string | null {
  const value = values[key];
  return typeof value === "string" ? value : null;
}

export function flag({ path, values }: ConfigFile, key: string, fallback: boolean): boolean {
  const value = values[key] ?? fallback;
  if (typeof value === "boolean") return value;
  throw refused(`${path}: ${key}: expected true or false, found ${JSON.stringify(value)}`);
}

/** Warnings for the keys that nobody here knows: what they say may change what is computed. */
export function unknownKeys({ path, values }: ConfigFile, known: ReadonlySet<string>): string[] {
  return Object.keys(values)
    .filter((key) => !known.has(key))
    .map((key) => `${path}: the key "${key}" is not understood and was left out of account`);
}
