import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SERVER_MAIN } from "../prepare.ts";
import { type SampleWorkspace, sampleWorkspace } from "../sample-workspace.ts";
import { startVsCodeServer, type VsCodeServer } from "../vscode-server.ts";
import { closeBrowser, openWindow, type VsCodeWindow } from "../vscode-window.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const run = promisify(execFile);

let extensions = "";
let workspace: SampleWorkspace;
let server: VsCodeServer;
let window: VsCodeWindow;

beforeAll(async () => {
  const { stdout } = await run(process.execPath, [join(ROOT, "package.ts")], { cwd: ROOT });
  const vsix = stdout.trim().split("\n").at(-1) ?? "";
  extensions = await mkdtemp(join(tmpdir(), "refract-extensions-"));
  workspace = await sampleWorkspace();
  server = await startVsCodeServer({ trust: true, extensions });
  const folders = ["--extensions-dir", extensions, "--server-data-dir", server.dataFolder];
  await run(process.execPath, [SERVER_MAIN, "--accept-server-license-terms", "--install-extension", vsix, ...folders]);
  window = await openWindow({ server, folder: workspace.folder, tests: null, development: false });
});
afterAll(async () => {
  await window?.close();
  await closeBrowser();
  await server?.close();
  await workspace?.remove();
  if (extensions !== "") await rm(extensions, { recursive: true, force: true });
});

test("the package holds this platform's runtime and no other's", async () => {
  const [installed = ""] = (await readdir(extensions)).filter((name) => name.startsWith("refract.refract-"));
  const bin = join(extensions, installed, "dist", "sidecar", "node_modules", "onnxruntime-node", "bin");
  const [napi = ""] = await readdir(bin);
  expect(await readdir(join(bin, napi))).toEqual([process.platform]);
  expect(await readdir(join(bin, napi, process.platform))).toEqual([process.arch]);
});

test("the installed extension inspects a prompt with the demo model that it ships", async () => {
  const { page } = window;
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "start.prompt.md" }).dblclick();
  await page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  await page
    .locator(".codelens-decoration a", { hasText: /refusal \d/ })
    .first()
    .waitFor();
  await window.screenshot("installed");
});
