/** A token's text as a person can see it: line ends and tabs drawn, blanks at the edges marked. */
export function visibleText(text: string): string {
  const drawn = text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return drawn === "" ? "\u2205" : drawn.replace(/^ +| +$/g, (blanks) => "\u00b7".repeat(blanks.length));
}
