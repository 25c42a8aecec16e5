import { refused } from "../../../shared/errors.ts";
import { type AlignedText, mapCharacters, type Replacement, replace } from "./aligned-text.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import { precompiledNormaliser } from "./tokenizers-library.ts";

/** A node of `tokenizer.json`'s `normalizer`. */
export interface NormaliserConfig {
  type: string;
  normalizers?: NormaliserConfig[];
  pattern?: Pattern;
  content?: string;
  prepend?: string;
  strip_left?: boolean;
  strip_right?: boolean;
  clean_text?: boolean;
  handle_chinese_chars?: boolean;
  strip_accents?: boolean | null;
  lowercase?: boolean;
}

export type Normalise = (text: AlignedText) => AlignedText;

const same: Normalise = (text) => text;

/** Compiles a normaliser that keeps track of where each character came from; one that isn't known is refused by name. */
export function compileNormaliser(config: NormaliserConfig | null, file: string): Normalise {
  if (config === null) return same;
  switch (config.type) {
    case "Sequence": {
      const steps = (config.normalizers ?? []).map((step) => compileNormaliser(step, file));
      return (text) => steps.reduce((changed, step) => step(changed), text);
    }
    case "Replace": {
      if (config.pattern === undefined) throw refused(`${file}: a Replace normalizer has no "pattern".`);
      const pattern = compilePattern(config.pattern, file);
      const content = config.content ?? "";
      return (text) => replace(text, matchesOf(text.text, pattern, content));
    }
    case "Prepend": {
      const prefix = config.prepend ?? "";
      return (text) => (text.text === "" ? text : replace(text, [{ from: 0, to: 0, text: prefix }]));
    }
    case "Strip":
      return (text) => strip(text, config.strip_left !== false, config.strip_right !== false);
    case "Lowercase":
      // Character by character, as the reference does: JavaScript's own rule for a final sigma looks at the neighbours.
      return (text) => mapCharacters(text, (character) => character.toLowerCase());
    case "StripAccents":
      return (text) => mapCharacters(text, (character) => (/\p{M}/u.test(character) ? "" : character));
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = config.type;
      return byCluster((part) => part.normalize(form));
    }
    case "BertNormalizer":
      return compileBert(config);
    case "Precompiled":
      return byCluster(precompiledNormaliser(config));
    default:
      throw refused(`${file}: the normalizer "${config.type}" is not supported.`);
  }
}

const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\uF900-\uFAFF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/u;
const CONTROL = /[\0\uFFFD]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cn}\p{Co}]/u;

/** BERT's normaliser: control characters out, white space to spaces, Chinese characters set apart, accents and case as configured. */
function compileBert(config: NormaliserConfig): Normalise {
  const lowercase = config.lowercase !== false;
  const steps: Normalise[] = [];
  if (config.clean_text !== false) {
    steps.push((text) =>
      mapCharacters(text, (character) => {
        if (CONTROL.test(character)) return "";
        return /\p{White_Space}/u.test(character) ? " " : character;
      }),
    );
  }
  if (config.handle_chinese_chars !== false) {
    steps.push((text) => replace(text, setApart(text.text)));
  }
  if (config.strip_accents ?? lowercase) {
    steps.push(
      byCluster((part) => part.normalize("NFD")),
      (text) => mapCharacters(text, (character) => (/\p{Mn}/u.test(character) ? "" : character)),
    );
  }
  if (lowercase) steps.push((text) => mapCharacters(text, (character) => character.toLowerCase()));
  return (text) => steps.reduce((changed, step) => step(changed), text);
}

/** Spaces around each Chinese character, inserted so that the character keeps its own place. */
function setApart(text: string): Replacement[] {
  const spaces: Replacement[] = [];
  let at = 0;
  for (const character of text) {
    const next = at + character.length;
    if (CHINESE.test(character)) spaces.push({ from: at, to: at, text: " " }, { from: next, to: next, text: " " });
    at = next;
  }
  return spaces;
}

function matchesOf(text: string, pattern: RegExp, content: string): Replacement[] {
  const found: Replacement[] = [];
  for (const match of text.matchAll(pattern)) {
    if (match[0] !== "") found.push({ from: match.index, to: match.index + match[0].length, text: content });
  }
  return found;
}

function strip(text: AlignedText, left: boolean, right: boolean): AlignedText {
  const leading = left ? (/^\p{White_Space}+/u.exec(text.text)?.[0].length ?? 0) : 0;
  const trailing = right ? (/\p{White_Space}+$/u.exec(text.text.slice(leading))?.[0].length ?? 0) : 0;
  const cuts: Replacement[] = [];
  if (leading > 0) cuts.push({ from: 0, to: leading, text: "" });
  if (trailing > 0) cuts.push({ from: text.text.length - trailing, to: text.text.length, text: "" });
  return replace(text, cuts);
}

const clusters = new Intl.Segmenter("und", { granularity: "grapheme" });

/** Applies a change that never looks past a grapheme cluster, cluster by cluster, so that each result is tied to its own cluster. */
function byCluster(change: (text: string) => string): Normalise {
  return (aligned) => {
    const whole = change(aligned.text);
    if (whole === aligned.text) return aligned;
    const replacements: Replacement[] = [];
    for (const { segment, index } of clusters.segment(aligned.text)) {
      const changed = change(segment);
      if (changed !== segment) replacements.push({ from: index, to: index + segment.length, text: changed });
    }
    const result = replace(aligned, replacements);
    return result.text === whole ? result : replace(aligned, [difference(aligned.text, whole)]);
  };
}

/** The smallest single replacement that turns `before` into `after`: what is left when nothing finer can be said. */
function difference(before: string, after: string): Replacement {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { from: head, to: before.length - tail, text: after.slice(head, after.length - tail) };
}
