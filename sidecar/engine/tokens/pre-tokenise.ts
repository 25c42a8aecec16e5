import { refused } from "../../../shared/errors.ts";
import { type AlignedText, replace, slice } from "./aligned-text.ts";
import { toByteCharacters } from "./byte-characters.ts";
import { compilePattern, type Pattern } from "./pattern.ts";

/** A node of `tokenizer.json`'s `pre_tokenizer`. */
export interface PreTokeniserConfig {
  type: string;
  pretokenizers?: PreTokeniserConfig[];
  pattern?: Pattern;
  behavior?: string;
  invert?: boolean;
  add_prefix_space?: boolean;
  use_regex?: boolean;
  individual_digits?: boolean;
  replacement?: string;
  prepend_scheme?: string;
  split?: boolean;
  delimiter?: string;
  length?: number;
}

/** Cuts a section of text into the pieces that the model reads one by one. */
export type PreTokenise = (section: AlignedText) => AlignedText[];

type Behaviour = "removed" | "isolated" | "contiguous" | "mergedwithprevious" | "mergedwithnext";

// GPT-2's pattern, with Unicode's white space instead of JavaScript's, which counts U+FEFF and misses U+0085.
const WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const NUMBERS = /\p{N}/gu;
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu;
const SPACES = /\p{White_Space}/gu;
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
const WORDS_OR_MARKS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu");

/** Compiles a pre-tokenizer with the reference's behaviours, offsets kept; one that isn't known is refused by name. */
export function compilePreTokeniser(config: PreTokeniserConfig | null, file: string): PreTokenise {
  if (config === null) return (section) => [section];
  switch (config.type) {
    case "Sequence": {
      const steps = (config.pretokenizers ?? []).map((step) => compilePreTokeniser(step, file));
      return (section) => steps.reduce((pieces, step) => pieces.flatMap(step), [section]);
    }
    case "ByteLevel":
      return (section) => {
        const spaced = config.add_prefix_space && !section.text.startsWith(" ") ? prepend(section, " ") : section;
        const pieces = config.use_regex === false ? [spaced] : splitBy(spaced, WORDS, "isolated", false);
        return pieces.map(toByteCharacters);
      };
    case "Split": {
      if (config.pattern === undefined) throw refused(`${file}: a Split pre_tokenizer has no "pattern".`);
      const pattern = compilePattern(config.pattern, file);
      const behaviour = behaviourOf(config.behavior, file);
      return (section) => splitBy(section, pattern, behaviour, config.invert ?? false);
    }
    case "Digits":
      return (section) => splitBy(section, NUMBERS, config.individual_digits ? "isolated" : "contiguous", false);
    case "Punctuation": {
      const behaviour = behaviourOf(config.behavior ?? "Isolated", file);
      return (section) => splitBy(section, PUNCTUATION, behaviour, false);
    }
    case "Whitespace":
      return (section) => splitBy(section, WORDS_OR_MARKS, "removed", true);
    case "WhitespaceSplit":
      return (section) => splitBy(section, SPACES, "removed", false);
    case "BertPreTokenizer":
      return (section) =>
        splitBy(section, SPACES, "removed", false).flatMap((word) => splitBy(word, PUNCTUATION, "isolated", false));
    case "CharDelimiterSplit": {
      const pattern = compilePattern({ String: config.delimiter ?? " " }, file);
      return (section) => splitBy(section, pattern, "removed", false);
    }
    case "FixedLength": {
      const length = config.length ?? 5;
      const pattern = new RegExp(`[\\s\\S]{1,${length}}`, "gu");
      return (section) => splitBy(section, pattern, "isolated", false);
    }
    case "Metaspace":
      return compileMetaspace(config, file);
    default:
      throw refused(`${file}: the pre_tokenizer "${config.type}" is not supported.`);
  }
}

function compileMetaspace(config: PreTokeniserConfig, file: string): PreTokenise {
  const mark = config.replacement ?? "▁";
  // Files from before `prepend_scheme` say `add_prefix_space`.
  const scheme = config.prepend_scheme?.toLowerCase() ?? (config.add_prefix_space === false ? "never" : "always");
  const spaces = compilePattern({ String: " " }, file);
  const marks = compilePattern({ String: mark }, file);
  return (section) => {
    const found = [...section.text.matchAll(spaces)];
    let marked = replace(
      section,
      found.map(({ index }) => ({ from: index, to: index + 1, text: mark })),
    );
    const wanted = scheme === "always" || (scheme === "first" && section.from === 0);
    if (wanted && !marked.text.startsWith(mark)) marked = prepend(marked, mark);
    return config.split === false ? [marked] : splitBy(marked, marks, "mergedwithnext", false);
  };
}

function prepend(section: AlignedText, text: string): AlignedText {
  return replace(section, [{ from: 0, to: 0, text }]);
}

function behaviourOf(name: string | undefined, file: string): Behaviour {
  const behaviour = (name ?? "").toLowerCase();
  switch (behaviour) {
    case "removed":
    case "isolated":
    case "contiguous":
    case "mergedwithprevious":
    case "mergedwithnext":
      return behaviour;
    default:
      throw refused(`${file}: "behavior" of a pre_tokenizer is ${JSON.stringify(name)}, which is not known.`);
  }
}

interface Stretch {
  from: number;
  to: number;
  match: boolean;
}

/** Splits at a pattern's matches, with the meaning of the reference's `SplitDelimiterBehavior`. */
function splitBy(section: AlignedText, pattern: RegExp, behaviour: Behaviour, invert: boolean): AlignedText[] {
  const stretches: Stretch[] = [];
  let read = 0;
  const add = (to: number, match: boolean) => {
    if (to > read) stretches.push({ from: read, to, match: match !== invert });
    read = to;
  };
  for (const found of section.text.matchAll(pattern)) {
    if (found[0] === "") continue;
    add(found.index, false);
    add(found.index + found[0].length, true);
  }
  add(section.text.length, false);
  return merge(stretches, behaviour).map(({ from, to }) => slice(section, from, to));
}

function merge(stretches: Stretch[], behaviour: Behaviour): Stretch[] {
  switch (behaviour) {
    case "removed":
      return stretches.filter(({ match }) => !match);
    case "isolated":
      return stretches;
    case "contiguous":
      return join(stretches, (before, after) => before.match === after.match);
    case "mergedwithprevious":
      return join(stretches, (before, after) => after.match && !before.match);
    case "mergedwithnext":
      return join(stretches, (before, after) => before.match && !after.match);
  }
}

/** Joins neighbours that belong together; what decides is the last original stretch on the left. */
function join(stretches: Stretch[], together: (before: Stretch, after: Stretch) => boolean): Stretch[] {
  const joined: Stretch[] = [];
  let before: Stretch | undefined;
  for (const stretch of stretches) {
    const last = joined.at(-1);
    if (last !== undefined && before !== undefined && together(before, stretch)) last.to = stretch.to;
    else joined.push({ ...stretch });
    before = stretch;
  }
  return joined;
}
