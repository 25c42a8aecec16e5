import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";

/** A new user has none of the samples in the window: the demo brings them. */
async function emptied({ folder }: { folder: string }): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== ".vscode") await rm(join(folder, name), { recursive: true });
  }
}

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ settings: { "editor.minimap.enabled": false }, prepare: emptied });
  await journey.host((vscode) => vscode.commands.executeCommand("workbench.action.closeAuxiliaryBar").then(() => null));
});
afterAll(() => journey?.end());

/** The walkthrough's page, with a step opened and its button pressed. */
async function press(step: string, button: string): Promise<void> {
  await journey.host((vscode) =>
    vscode.commands.executeCommand("workbench.action.openWalkthrough", "refract.refract#start", false).then(() => null),
  );
  const page = journey.window.page.locator(".gettingStartedContainer");
  await page.locator(".step-title", { hasText: step }).click();
  await page.locator("a.monaco-button, .monaco-button", { hasText: button }).first().click();
}

test("three clicks in the walkthrough: the demo's prompt is read, its heatmap drawn, its replies compared", async () => {
  const { window } = journey;
  await press("Inspect a prompt", "Open Demo and Inspect");
  await window.page
    .locator(".codelens-decoration a", { hasText: /refusal \d/ })
    .first()
    .waitFor();
  await press("See every layer", "Show Heatmap");
  await (await window.webview("Heatmap")).locator(".grid canvas").first().waitFor();
  await press("Take refusal out", "Compare");
  const compare = await window.webview("Compare");
  await compare.getByText("KL to baseline").nth(2).waitFor();
  expect(await compare.locator(".column").count()).toBe(4);
  await window.screenshot("walkthrough");
});

/** The template's last tokens: refusal is read at them, so they must be in sight. */
const lastTokens = () =>
  journey.window.page
    .locator(".monaco-editor")
    .first()
    .evaluate((editor) => {
      const right = editor.getBoundingClientRect().right;
      const ends = [...editor.querySelectorAll(".view-line span")].flatMap((span) => {
        const { content } = getComputedStyle(span, "::after");
        return content.includes("assistant") || content.includes("\u21b5") ? [span.getBoundingClientRect().right] : [];
      });
      return { right, furthest: Math.max(...ends), count: ends.length };
    });

test("in a narrow editor the prompt's text and the template's last tokens are both in sight", async () => {
  const { window, host } = journey;
  await host(async (vscode) => {
    for (const group of vscode.window.tabGroups.all.slice(1)) await vscode.window.tabGroups.close(group);
    const shown = vscode.workspace.textDocuments.find(({ uri }) => uri.path.endsWith("start.prompt.md"));
    if (shown !== undefined) await vscode.window.showTextDocument(shown, { preview: false, viewColumn: 1 });
    await vscode.commands.executeCommand("refract.showHeatmap");
  });
  await window.page.setViewportSize({ width: 900, height: 700 });
  await window.page.waitForTimeout(800);
  await window.screenshot("workbench-narrow");
  const { right, furthest, count } = await lastTokens();
  expect(count).toBeGreaterThan(0);
  expect(furthest).toBeLessThanOrEqual(right);
});

test("at 200% zoom the window still shows the prompt and its heatmap", async () => {
  const { window, host } = journey;
  await host((vscode) => vscode.commands.executeCommand("workbench.action.closeSidebar").then(() => null));
  // What a zoom of 200% leaves of 1400 x 900.
  await window.page.setViewportSize({ width: 700, height: 450 });
  await window.page.waitForTimeout(800);
  await window.screenshot("workbench-zoomed");
  const { right, furthest } = await lastTokens();
  expect(furthest).toBeLessThanOrEqual(right);
});

/** VS Code in a browser writes down every five seconds what it must find again, a page's state with it; an orderly end writes it at once, a crash does not. */
const STATE_IS_KEPT_MS = 7000;

/** Whether a process is there; one that has ended and wasn't waited for yet is not. */
function isAlive(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}

test("when the extension host is killed its sidecar ends too, and the window finds its picture again", async () => {
  const { window, host } = journey;
  const { extensionHost, sidecar } = await host(async (vscode) => ({
    extensionHost: process.pid,
    sidecar: (await vscode.extensions.getExtension("refract.refract")?.exports.sidecar.pid()) as number,
  }));
  expect(isAlive(sidecar)).toBe(true);
  await window.page.waitForTimeout(STATE_IS_KEPT_MS);
  process.kill(extensionHost, "SIGKILL");
  await expect.poll(() => isAlive(sidecar), { timeout: 20_000 }).toBe(false);
  await journey.reopen();
  const page = await window.webview("Heatmap");
  await page.getByText("Saved picture").waitFor();
  await window.page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  await window.page
    .locator(".codelens-decoration a", { hasText: /refusal \d/ })
    .first()
    .waitFor();
});
