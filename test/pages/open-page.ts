import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { TestTheme } from "./themes.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const SCREENSHOTS = join(ROOT, "test", "screenshots");

/** A page as VS Code would show it: strict content security policy, theme variables, and a shim in the place of its webview API. */
export interface OpenPage {
  page: Page;
  send(message: unknown): Promise<void>;
  /** What the page has posted so far. */
  posted<T>(): Promise<T[]>;
  /** What the page has saved for a reload. */
  saved(): Promise<unknown>;
  setTheme(theme: TestTheme): Promise<void>;
  screenshot(name: string): Promise<void>;
}

export interface PageOptions {
  theme: TestTheme;
  width?: number;
  height?: number;
  saved?: unknown;
  /** Device pixels per CSS pixel, to look at 200% zoom. */
  zoom?: number;
}

const NONCE = "test";

/** Runs in the page before its script: what `acquireVsCodeApi` is in VS Code. */
function shim(saved: string): string {
  return `
    const record = { posted: [], saved: ${saved} };
    window.testRecord = record;
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => record.posted.push(message),
      getState: () => record.saved,
      setState: (state) => { record.saved = JSON.parse(JSON.stringify(state)); },
    });`;
}

export async function openPage(
  browser: Browser,
  name: "heatmap" | "compare" | "results",
  options: PageOptions,
): Promise<OpenPage> {
  const dist = join(ROOT, "dist", "webviews");
  const script = await readFile(join(dist, `${name}.js`), "utf8");
  const style = await readFile(join(dist, `${name}-style.css`), "utf8");
  const zoom = options.zoom ?? 1;
  const page = await browser.newPage({
    viewport: { width: Math.round((options.width ?? 1200) / zoom), height: Math.round((options.height ?? 700) / zoom) },
    deviceScaleFactor: zoom,
  });
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.route("**/*", (route) => {
    const path = new URL(route.request().url()).pathname;
    const bodies: Record<string, { contentType: string; body: string }> = {
      "/": { contentType: "text/html", body: pageHtml(options) },
      "/shim.js": { contentType: "text/javascript", body: shim(JSON.stringify(options.saved) ?? "undefined") },
      "/page.js": { contentType: "text/javascript", body: script },
      "/page.css": { contentType: "text/css", body: style },
    };
    const found = bodies[path];
    return found ? route.fulfill(found) : route.abort();
  });
  await page.goto("http://refract.test/");
  await page.waitForFunction(
    () => (window as Window & { testRecord?: { posted: unknown[] } }).testRecord?.posted.length,
  );
  return {
    page,
    send: (message) => page.evaluate(deliver, message),
    posted: <T>() =>
      page.evaluate(
        () => (window as Window & { testRecord?: { posted: unknown[] } }).testRecord?.posted ?? [],
      ) as Promise<T[]>,
    saved: () => page.evaluate(() => (window as Window & { testRecord?: { saved: unknown } }).testRecord?.saved),
    setTheme: (theme) => page.evaluate(applyTheme, theme),
    screenshot: async (file) => {
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `${file}.png`) });
    },
  };
}

function pageHtml(options: PageOptions): string {
  const variables = Object.entries(options.theme.variables)
    .map(([name, value]) => `${name}: ${value}`)
    .join("; ");
  return `<!doctype html>
<html lang="en" style="${variables}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'self' 'unsafe-inline'; script-src 'nonce-${NONCE}'" />
    <link rel="stylesheet" href="/page.css" />
    <title>Refract</title>
  </head>
  <body class="${options.theme.bodyClass}">
    <main></main>
    <script nonce="${NONCE}" src="/shim.js"></script>
    <script nonce="${NONCE}" type="module" src="/page.js"></script>
  </body>
</html>`;
}

/** Gives the page a message as VS Code would; number lists marked as floats become Float32Array, since evaluate() carries JSON. */
function deliver(message: unknown): void {
  const revive = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(revive);
    if (value === null || typeof value !== "object") return value;
    const object = value as Record<string, unknown>;
    if (Array.isArray(object.floats)) return Float32Array.from(object.floats as number[]);
    return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, revive(inner)]));
  };
  window.dispatchEvent(new MessageEvent("message", { data: revive(message) }));
}

function applyTheme(theme: TestTheme): void {
  document.documentElement.setAttribute(
    "style",
    Object.entries(theme.variables)
      .map(([name, value]) => `${name}: ${value}`)
      .join("; "),
  );
  document.body.className = theme.bodyClass;
}
