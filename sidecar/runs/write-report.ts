import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RefractError, refused } from "../../shared/errors.ts";

/** Where the build puts the pages; the same place from the sources and from the bundle. */
const PAGES = join(import.meta.dirname, "..", "..", "dist", "webviews");

function page(name: string): string {
  const path = join(PAGES, name);
  if (!existsSync(path)) throw new RefractError("failed", `${path}: is missing; run \`npm run build\` first.`);
  return readFileSync(path, "utf8");
}

/** Text inside a script or style element that must not end it. */
function enclosed(text: string): string {
  return text.replace(/<\/(script|style)/gi, "<\\/$1").replaceAll("<!--", "<\\!--");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Makes the report of a run: the result page with its data in one file that opens offline and asks the network for nothing. */
export function reportHtml(runFolder: string): string {
  const path = join(runFolder, "document.json");
  if (!existsSync(path)) {
    throw refused(
      `${runFolder}: has no document.json: it is not a run folder, or no experiment of it has finished yet.`,
    );
  }
  const document = readFileSync(path, "utf8");
  const { run } = JSON.parse(document) as { run: { name: string } };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<title>${escaped(run.name)}</title>
<style>${enclosed(page("report-style.css"))}</style>
</head>
<body>
<main class="results"></main>
<script type="application/json" id="document">${document.replaceAll("<", "\\u003c")}</script>
<script type="module">${enclosed(page("report.js"))}</script>
</body>
</html>
`;
}

export function writeReport(runFolder: string, out: string): void {
  const html = reportHtml(runFolder);
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, html);
  } catch (cause) {
    throw new RefractError(
      "failed",
      `${out}: cannot be written (${cause instanceof Error ? cause.message : String(cause)}).`,
      { cause },
    );
  }
}
