import { isPythonSpace } from "./python-text.ts";

/** Which message each UTF-16 unit of the rendered text comes from. */
export interface MessageMap {
  /** Index of the message, -1 for what the template wrote. */
  owner: Int32Array;
  /** Offset into that message's text; -1 where `owner` is. */
  offset: Int32Array;
  /** Messages of which nothing is in the rendered text. */
  dropped: number[];
  /** Messages that are in the text in a form that cannot be followed: their characters are shown as the template's. */
  lost: number[];
  /** Messages whose white space at an end the template took away. */
  trimmed: number[];
}

/** Renders the conversation with the messages' texts replaced. */
export type Render = (contents: readonly string[]) => string;

/** How a message is marked; a template that looks at a text's first or last characters is disturbed by the fuller ways. */
interface Marking {
  start: boolean;
  end: boolean;
  inside: "words" | "middle";
}

const MARKINGS: readonly [Marking, ...Marking[]] = [
  { start: true, end: true, inside: "words" },
  { start: false, end: true, inside: "words" },
  { start: true, end: false, inside: "words" },
  { start: false, end: false, inside: "words" },
  { start: false, end: false, inside: "middle" },
];

// Marks are private-use characters, one per place. Guards are white space that hardly any text contains: a template that trims takes
// them away together with the text's own white space, one that doesn't leaves them, and so they tell the two apart.
const FIRST_MARK = 0x10_0000;
const MOST_MARKS = 60_000;
const MARKS = /[\u{100000}-\u{10FFFD}]/u;
const GUARDS = ["\u2005", "\u2006", "\u2008", "\u205f", "\u2004"];
const MARKS_PER_MESSAGE = 64;

/**
 * Finds the messages in the text that a chat template makes of them. Templates trim, repeat, move, split and drop what they are given,
 * so the messages are rendered once more with invisible marks inside, and where the marks come out, there the text is. A marked
 * rendering counts only if it equals the plain one when the marks are taken away.
 */
export function locateMessages(contents: readonly string[], plain: string, render: Render): MessageMap {
  const map: MessageMap = {
    owner: new Int32Array(plain.length).fill(-1),
    offset: new Int32Array(plain.length).fill(-1),
    dropped: [],
    lost: [],
    trimmed: [],
  };
  const texts = contents.flatMap((content, index) => (isBlank(content) ? [] : [index]));
  const usable = !MARKS.test(plain) && !contents.some((content) => MARKS.test(content));
  const guard =
    GUARDS.find((space) => !plain.includes(space) && !contents.some((text) => text.includes(space))) ?? null;
  if (usable && tryMarks(contents, texts, plain, render, MARKINGS[0], guard, map)) return map;
  for (const message of texts) {
    const found =
      usable && MARKINGS.some((marking) => tryMarks(contents, [message], plain, render, marking, guard, map));
    if (!found && !tryUnique(contents[message] ?? "", message, plain, map)) map.lost.push(message);
  }
  return map;
}

interface Mark {
  message: number;
  /** Index among the message's marks, and the place in its text before which it stands. */
  order: number;
  at: number;
  edge: "start" | "end" | null;
}

/** Marks the given messages; writes what was found into `map` and says whether the marked rendering could be trusted. */
function tryMarks(
  contents: readonly string[],
  messages: readonly number[],
  plain: string,
  render: Render,
  marking: Marking,
  guard: string | null,
  map: MessageMap,
): boolean {
  const marks: Mark[] = [];
  const marked = [...contents];
  for (const message of messages) {
    const text = contents[message] ?? "";
    const placed = placeMarks(text, message, marking);
    if (placed.length === 0 || marks.length + placed.length > MOST_MARKS) return false;
    marked[message] = withMarks(text, placed, marks.length, marking, guard);
    marks.push(...placed);
  }
  let rendered: string;
  try {
    rendered = render(marked);
  } catch {
    // The template looks into the text and refuses the marks: another marking may do.
    return false;
  }
  const seen = readMarks(rendered, marks, guard);
  if (seen.plain !== plain) return false;
  assign(contents, messages, plain, seen, guard, map);
  return true;
}

function placeMarks(text: string, message: number, marking: Marking): Mark[] {
  let coreStart = 0;
  while (coreStart < text.length && isPythonSpace(text[coreStart] ?? "")) coreStart++;
  let coreEnd = text.length;
  while (coreEnd > coreStart && isPythonSpace(text[coreEnd - 1] ?? "")) coreEnd--;
  const inner = marking.inside === "words" ? wordsIn(text, coreStart, coreEnd) : middleOf(text, coreStart, coreEnd);
  const step = Math.max(1, Math.ceil(inner.length / MARKS_PER_MESSAGE));
  const places = inner.filter((_, index) => index % step === 0).map((at) => ({ at, edge: null as Mark["edge"] }));
  if (marking.start) places.unshift({ at: coreStart, edge: "start" });
  if (marking.end) places.push({ at: coreEnd, edge: "end" });
  return places.map(({ at, edge }, order) => ({ message, order, at, edge }));
}

function wordsIn(text: string, start: number, end: number): number[] {
  return [...text.matchAll(/(?<=\s)\p{L}/gu)].map(({ index }) => index).filter((at) => at > start && at < end);
}

/** One place in the middle, not inside a character. */
function middleOf(text: string, start: number, end: number): number[] {
  const middle = start + ((end - start) >> 1);
  const at = /[\uDC00-\uDFFF]/.test(text[middle] ?? "") ? middle + 1 : middle;
  return at > start && at < end ? [at] : [];
}

function withMarks(
  text: string,
  marks: readonly Mark[],
  first: number,
  marking: Marking,
  guard: string | null,
): string {
  const parts: string[] = [];
  let read = 0;
  marks.forEach(({ at }, index) => {
    parts.push(text.slice(read, at), String.fromCodePoint(FIRST_MARK + first + index));
    read = at;
  });
  parts.push(text.slice(read));
  if (guard !== null && marking.start) parts.unshift(guard);
  if (guard !== null && marking.end) parts.push(guard);
  return parts.join("");
}

type SeenMark = Mark & { place: number };

interface Seen {
  plain: string;
  marks: SeenMark[];
  /** Where guards came out: place in the plain text, and how many marks came before. */
  guards: { place: number; after: number }[];
}

function readMarks(rendered: string, marks: readonly Mark[], guard: string | null): Seen {
  const seen: Seen = { plain: "", marks: [], guards: [] };
  const parts: string[] = [];
  let place = 0;
  const pattern = guard === null ? /[\u{100000}-\u{10FFFD}]/gu : new RegExp(`[\\u{100000}-\\u{10FFFD}${guard}]`, "gu");
  let read = 0;
  for (const found of rendered.matchAll(pattern)) {
    parts.push(rendered.slice(read, found.index));
    place += found.index - read;
    read = found.index + found[0].length;
    if (found[0] === guard) seen.guards.push({ place, after: seen.marks.length });
    const mark = marks[(found[0].codePointAt(0) ?? 0) - FIRST_MARK];
    if (mark !== undefined) seen.marks.push({ ...mark, place });
  }
  parts.push(rendered.slice(read));
  seen.plain = parts.join("");
  return seen;
}

function assign(
  contents: readonly string[],
  messages: readonly number[],
  plain: string,
  seen: Seen,
  guard: string | null,
  map: MessageMap,
): void {
  const { marks } = seen;
  const trimmed = new Set<number>();
  let free = 0;
  marks.forEach((mark, index) => {
    const text = contents[mark.message] ?? "";
    const before = marks[index - 1];
    if (before?.message !== mark.message || before.order + 1 !== mark.order) {
      // The text begins here, or goes on after a part that the template left out.
      let from: Place = { place: mark.place, at: mark.at };
      if (mark.edge === "start" && guard !== null) {
        const place = startGuard(seen, index);
        if (place !== null) from = { place, at: 0 };
        else if (mark.at > 0) trimmed.add(mark.message);
      } else {
        const most = Math.min(mark.place - free, mark.at);
        let length = 0;
        while (length < most && plain[mark.place - length - 1] === text[mark.at - length - 1]) length++;
        from = { place: mark.place - length, at: mark.at - length };
      }
      ownBetween(mark.message, from, mark, text, plain, map);
    }
    const after = marks[index + 1];
    let to: Place = { place: mark.place, at: mark.at };
    if (after?.message === mark.message && after.order === mark.order + 1) {
      to = after;
    } else if (mark.edge === "end" && guard !== null) {
      const place = endGuard(seen, index, text.length - mark.at);
      if (place !== null) to = { place, at: text.length };
      else if (text.length > mark.at) trimmed.add(mark.message);
    } else {
      const most = Math.min((after?.place ?? plain.length) - mark.place, text.length - mark.at);
      let length = 0;
      while (length < most && plain[mark.place + length] === text[mark.at + length]) length++;
      to = { place: mark.place + length, at: mark.at + length };
    }
    ownBetween(mark.message, mark, to, text, plain, map);
    free = to.place;
  });
  map.trimmed.push(...trimmed);
  const present = new Set(marks.map(({ message }) => message));
  map.dropped.push(...messages.filter((message) => !present.has(message)));
}

interface Place {
  /** In the plain rendering, and in the message's text. */
  place: number;
  at: number;
}

/** The guard before a message's first mark. One guard between two messages may be either's: the distance decides. */
function startGuard({ marks, guards }: Seen, index: number): number | null {
  const mark = marks[index];
  const here = guards.filter(({ after }) => after === index);
  const exact = here.find(({ place }) => mark !== undefined && place === mark.place - mark.at);
  if (exact !== undefined) return exact.place;
  return index === 0 || here.length > 1 ? (here.at(-1)?.place ?? null) : null;
}

/** The guard after a message's last mark, `rest` units of its text away unless the template changed them. */
function endGuard({ marks, guards }: Seen, index: number, rest: number): number | null {
  const mark = marks[index];
  const here = guards.filter(({ after }) => after === index + 1);
  const exact = here.find(({ place }) => mark !== undefined && place === mark.place + rest);
  if (exact !== undefined) return exact.place;
  return index === marks.length - 1 || here.length > 1 ? (here[0]?.place ?? null) : null;
}

/** The stretch between two places of a message: unit for unit where it is the message's own, as near as can be where the template changed it. */
function ownBetween(message: number, from: Place, to: Place, text: string, plain: string, map: MessageMap): void {
  const length = to.place - from.place;
  const source = to.at - from.at;
  const same = length === source && plain.startsWith(text.slice(from.at, to.at), from.place);
  for (let i = 0; i < length; i++) {
    map.owner[from.place + i] = message;
    map.offset[from.place + i] = from.at + (same ? i : Math.min(i, Math.max(0, source - 1)));
  }
}

/** The last resort: the text stands in the rendering once, letter by letter, where no other message was found. */
function tryUnique(content: string, message: number, plain: string, map: MessageMap): boolean {
  let at = 0;
  while (isPythonSpace(content[at] ?? "")) at++;
  let end = content.length;
  while (end > at && isPythonSpace(content[end - 1] ?? "")) end--;
  const core = content.slice(at, end);
  const place = plain.indexOf(core);
  if (
    place < 0 ||
    plain.indexOf(core, place + 1) >= 0 ||
    map.owner.slice(place, place + core.length).some((owner) => owner >= 0)
  ) {
    return false;
  }
  for (let i = 0; i < core.length; i++) {
    map.owner[place + i] = message;
    map.offset[place + i] = at + i;
  }
  return true;
}

function isBlank(text: string): boolean {
  return [...text].every(isPythonSpace);
}
