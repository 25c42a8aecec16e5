import type * as vscode from "vscode";

/**
 * Where the template's tokens after a prompt's last text are drawn. Lines wrap as if attachments had no width, so that behind a long line they
 * would be out of sight: an empty line that follows has room for them. Offset of that line's start, or of the text's end where none follows.
 */
export function placeAfter(document: vscode.TextDocument, end: number): number {
  const { line, character } = document.positionAt(end);
  const rest = document.lineAt(line).text.slice(character);
  if (rest.trim() !== "" || line + 1 >= document.lineCount) return end;
  const next = document.lineAt(line + 1);
  return next.isEmptyOrWhitespace ? document.offsetAt(next.range.start) : end;
}
