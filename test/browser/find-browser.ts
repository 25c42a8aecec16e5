import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const execute = promisify(execFile);

/** Where Chrome, Chromium and Edge are usually installed. */
const INSTALLED = [
  "/usr/bin/google-chrome",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/microsoft-edge",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** Flags that keep a test's browser offline, quiet and startable as root in a container. */
export const BROWSER_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Finds a browser for the tests, and gets one where there is none: an installed Chrome, Chromium or Edge, else Playwright's download,
 * else Debian's package where this user may install. Says what it did.
 *
 * @throws Error that names what was tried where no browser could be had.
 */
export async function findBrowser(say: (line: string) => void = console.log): Promise<string> {
  const installed = INSTALLED.find((path) => existsSync(path));
  if (installed) return installed;
  if (existsSync(chromium.executablePath())) return chromium.executablePath();
  say("No Chrome, Chromium or Edge is installed; downloading Playwright's Chromium.");
  const download = await attempt("npx", ["playwright-core", "install", "chromium"]);
  if (download === null && existsSync(chromium.executablePath())) return chromium.executablePath();
  const failures = [`Playwright's download: ${download ?? "it left no browser"}`];
  if (process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    say("The download failed; installing the distribution's chromium package.");
    await attempt("apt-get", ["update", "-qq"]);
    const install = await attempt("apt-get", [
      "install",
      "-y",
      "-qq",
      "--no-install-recommends",
      "chromium",
      "fonts-dejavu-core",
    ]);
    if (install === null && existsSync("/usr/bin/chromium")) return "/usr/bin/chromium";
    failures.push(`apt-get install chromium: ${install ?? "it left no browser"}`);
  }
  throw new Error(`The tests need Chrome, Chromium or Edge, and none could be had. ${failures.join("; ")}`);
}

/** Runs a program; `null` where it succeeded, else why it failed, in a line. */
async function attempt(program: string, args: string[]): Promise<string | null> {
  try {
    await execute(program, args, { timeout: 300_000, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    return null;
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split("\n")[0] ?? "failed";
  }
}
