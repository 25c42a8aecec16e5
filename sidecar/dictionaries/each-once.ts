import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";

/** Dictionaries without repeats: a suite's members share their path and differ in what they read. */
export function eachOnce(dictionaries: readonly Dictionary[]): Dictionary[] {
  return [...new Map(dictionaries.map((each) => [`${each.path} ${each.reads}`, each])).values()];
}
