import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";
import { TEST_MODEL } from "../test-model.ts";
import { inspectFirst, openFile, setTheme } from "./sidecar-state.ts";

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ settings: { "refract.model": TEST_MODEL, "editor.minimap.enabled": false } });
  await openFile(journey, "start.prompt.md");
  await inspectFirst(journey);
  await journey.host((vscode) => vscode.commands.executeCommand("refract.showHeatmap").then(() => null));
  await (await journey.window.webview("Heatmap")).locator(".grid canvas").first().waitFor();
});
afterAll(() => journey?.end());

const THEMES = [
  ["dark", "Default Dark Modern"],
  ["light", "Default Light Modern"],
  ["high-contrast", "Default High Contrast"],
  ["high-contrast-light", "Default High Contrast Light"],
] as const;

/** The colours that a page has now. */
async function colours(): Promise<{ background: string; text: string }> {
  const page = await journey.window.webview("Heatmap");
  return page.locator("body").evaluate((body) => {
    const { backgroundColor, color } = getComputedStyle(body);
    const root = getComputedStyle(document.documentElement).getPropertyValue("--vscode-editor-background");
    return { background: backgroundColor === "rgba(0, 0, 0, 0)" ? root : backgroundColor, text: color };
  });
}

for (const [name, theme] of THEMES) {
  test(`editor, heatmap and hover follow the ${name} theme`, async () => {
    const { window } = journey;
    const before = await colours();
    await setTheme(journey, theme);
    const body = (await window.webview("Heatmap")).locator("body");
    const kind = name === "dark" || name === "light" ? `vscode-${name}` : "vscode-high-contrast";
    await expect.poll(() => body.getAttribute("class")).toContain(kind);
    if (name !== "dark") expect(await colours()).not.toEqual(before);
    await window.page.waitForTimeout(1000);
    await window.screenshot(`workbench-${name}`);
  });
}

test("tints keep a border in high contrast", async () => {
  const { page } = journey.window;
  const borders = await page
    .locator(".view-overlays div, .view-line span")
    .evaluateAll((all) =>
      all
        .map((one) => getComputedStyle(one).borderStyle)
        .filter((style) => style.includes("dashed") || style.includes("solid")),
    );
  expect(borders.length).toBeGreaterThan(0);
});

test("in a wide window the picture for the README shows the prompt with its tints and the heatmap", async () => {
  const { window, host } = journey;
  await host(async (vscode) => {
    await vscode.workspace.getConfiguration("workbench").update("colorTheme", "Default Light Modern", true);
    await vscode.commands.executeCommand("workbench.action.closeSidebar");
  });
  await window.page.setViewportSize({ width: 1600, height: 800 });
  const grid = (await window.webview("Heatmap")).locator(".grid canvas").first();
  await expect.poll(async () => (await grid.boundingBox())?.width ?? 0).toBeGreaterThan(200);
  await window.page.waitForTimeout(800);
  await window.screenshot("readme-workbench");
});

test("a locked heatmap keeps its prompt; the editor goes on, and another heatmap opens for what it shows", async () => {
  const { window, host } = journey;
  const tabs = () => window.page.locator(".tab", { hasText: "Heatmap: " });
  const show = () => host((vscode) => vscode.commands.executeCommand("refract.showHeatmap").then(() => null));
  await (await window.webview("Heatmap")).locator("vscode-button", { hasText: "Lock" }).click();
  await (await window.webview("Heatmap")).locator("vscode-button", { hasText: "Unlock" }).waitFor();
  await host(async (vscode) => {
    const [uri] = await vscode.workspace.findFiles("prompts/conditions.jsonl");
    await vscode.commands.executeCommand("refract.inspect", uri, 0);
  });
  expect(await tabs().count()).toBe(1);
  await show();
  await expect
    .poll(() => tabs().allTextContents())
    .toEqual([expect.stringContaining("start.prompt.md"), expect.stringContaining("conditions.jsonl")]);
  await show();
  expect(await tabs().count()).toBe(2);
});
