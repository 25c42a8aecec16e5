const MARKS: Record<string, string> = { "\n": "\u21b5", "\r": "\u240d", "\t": "\u21e5", " ": "\u00b7" };

/** A token's text with its white space made visible, so that a newline token isn't an empty label. A single inner space stays a space. */
export function visibleText(text: string): string {
  if (text === "") return "\u2205";
  return text.replace(/[\n\r\t]|^ | $/g, (character) => MARKS[character] ?? character);
}
