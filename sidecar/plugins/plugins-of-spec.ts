import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const pluginList = z.object({ plugins: z.array(z.string()).optional() });

/** The plugin modules that a spec names, absolute; none where its text is not YAML, which reading the spec says where. */
export function pluginsOfSpec(path: string, text: string): string[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return [];
  }
  const parsed = pluginList.safeParse(value);
  return (parsed.data?.plugins ?? []).map((plugin) => resolve(dirname(path), plugin));
}
