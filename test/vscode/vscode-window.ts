import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type FrameLocator, type Page } from "playwright-core";
import { BROWSER_FLAGS, findBrowser } from "../browser/find-browser.ts";
import type { VsCodeServer } from "./vscode-server.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const SCREENSHOTS = join(ROOT, "test", "screenshots");

const ACTION_MS = 90_000;

/** A cold start of VS Code on a busy machine. */
const START_MS = 120_000;

export interface WindowOptions {
  server: VsCodeServer;
  folder: string;
  /** The module whose `run()` VS Code calls in the extension host. Such a window answers its dialogs itself; none opens a plain window. */
  tests: string | null;
  /** Loads the extension from the checkout; false takes the installed one. */
  development: boolean;
  width?: number;
  height?: number;
}

export interface VsCodeWindow {
  page: Page;
  context: BrowserContext;
  /** Resolves with the code that `run()` ended with. */
  exit: Promise<number>;
  webview(title: string): Promise<FrameLocator>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

function address({ server, folder, tests, development }: WindowOptions): string {
  const remote = (path: string) => `vscode-remote://127.0.0.1:${server.port}${encodeURI(path)}`;
  const payload = [
    ["logLevel", "info"],
    ...(development ? [["extensionDevelopmentPath", remote(ROOT)]] : []),
    ...(tests === null ? [] : [["extensionTestsPath", remote(tests)]]),
  ];
  const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
  return `http://127.0.0.1:${server.port}/?${query.toString()}`;
}

let browser: Promise<Browser> | null = null;

/** One browser for all windows of a process; every window has a profile of its own. */
async function sharedBrowser(): Promise<Browser> {
  browser ??= findBrowser().then((executablePath) => chromium.launch({ executablePath, args: BROWSER_FLAGS }));
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = null;
}

export async function openWindow(options: WindowOptions): Promise<VsCodeWindow> {
  const context = await (await sharedBrowser()).newContext({
    viewport: { width: options.width ?? 1400, height: options.height ?? 900 },
  });
  // Actions wait as long as a busy machine needs.
  context.setDefaultTimeout(ACTION_MS);
  const page = await context.newPage();
  const exit = Promise.withResolvers<number>();
  await page.exposeFunction("codeAutomationExit", (code: number) => exit.resolve(code));
  // VS Code's own log speaks of galleries and accounts that are not there; it is at hand in the server's data folder.
  await page.exposeFunction("codeAutomationLog", () => undefined);
  await page.goto(address(options), { timeout: START_MS });
  await page.locator(".monaco-workbench").waitFor({ timeout: START_MS });
  return {
    page,
    context,
    exit: exit.promise,
    async webview() {
      const frame = page.locator('iframe.webview[src*="extensionId=refract.refract"]').last();
      await frame.waitFor();
      return frame.contentFrame().frameLocator("#active-frame");
    },
    async screenshot(name) {
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
    },
    close: () => context.close(),
  };
}
