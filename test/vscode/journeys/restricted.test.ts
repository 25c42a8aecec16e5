import { chmod, cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SampleWorkspace, sampleWorkspace } from "../sample-workspace.ts";
import { CONTRIBUTING, startVsCodeServer, type VsCodeServer } from "../vscode-server.ts";
import { closeBrowser, openWindow, type VsCodeWindow } from "../vscode-window.ts";

/** A folder as somebody might send it: its settings name a program and a model of its own. */
let workspace: SampleWorkspace;
/** Another extension of the user's, which contributes a plugin. */
let contributing = "";
let server: VsCodeServer;
let window: VsCodeWindow;
let marker: string;

beforeAll(async () => {
  workspace = await sampleWorkspace();
  marker = join(workspace.folder, "ran");
  await writeFile(join(workspace.folder, "x.sh"), `#!/bin/sh\ntouch '${marker}'\n`);
  await chmod(join(workspace.folder, "x.sh"), 0o755);
  const plugin = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(marker)}, "");`;
  await writeFile(join(workspace.folder, "plugin.mjs"), plugin);
  contributing = await mkdtemp(join(tmpdir(), "refract-contributing-"));
  await cp(CONTRIBUTING, contributing, { recursive: true });
  await writeFile(join(contributing, "layer-number.mjs"), plugin);
  await mkdir(join(workspace.folder, "m"));
  await workspace.configure({
    "refract.sidecar.nodePath": "./x.sh",
    "refract.model": "./m",
    "refract.plugins": ["./plugin.mjs"],
    "security.workspace.trust.startupPrompt": "never",
  });
  server = await startVsCodeServer({ trust: false, install: [contributing] });
  window = await openWindow({ server, folder: workspace.folder, tests: null, development: true });
});
afterAll(async () => {
  await window?.close();
  await closeBrowser();
  await server?.close();
  await workspace?.remove();
  if (contributing !== "") await rm(contributing, { recursive: true, force: true });
});

const ran = () =>
  stat(marker).then(
    () => true,
    () => false,
  );

test("a restricted folder opens with Refract active in its limited form, which says why Inspect is off", async () => {
  const { page } = window;
  // VS Code may ask about trust first; the answer is no.
  const no = page.getByRole("button", { name: /No, I don't trust|Browse in Restricted Mode/ });
  await no.click({ timeout: 15_000 }).catch(() => undefined);
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "start.prompt.md" }).dblclick();
  await page.locator(".codelens-decoration a", { hasText: "this workspace is restricted" }).first().waitFor();
  await page.locator(".statusbar-item", { hasText: "Refract: restricted" }).waitFor();
  await window.screenshot("restricted");
  expect(await ran()).toBe(false);
});

test("the command says why, too, and nothing is run or loaded: neither the folder's nor another extension's plugin", async () => {
  const { page } = window;
  await page.locator(".monaco-editor .view-line").first().click();
  await page.keyboard.press("F1");
  await page.keyboard.type("Refract: Inspect Prompt");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Inspect Prompt" }).first().click();
  // Under the test driver VS Code shows no toasts: the message is in its center.
  await page.locator('[id="status.notifications"]').click();
  await page.locator(".notifications-center", { hasText: "This workspace is restricted" }).waitFor();
  await window.screenshot("restricted-message");
  expect(await ran()).toBe(false);
});
