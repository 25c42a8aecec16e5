import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";
import { TEST_MODEL } from "../test-model.ts";
import { openFile, setTheme, sidecarState } from "./sidecar-state.ts";

const DICTIONARIES = join(import.meta.dirname, "../../../extension/samples/model/dictionaries");

/** The demo's dictionary of layer 4 as it is, and one whose files say that it stands at layer 1; a condition clamps a feature of each. */
async function addDictionaries({ folder }: { folder: string }): Promise<void> {
  const conditions = [];
  for (const [name, layer] of [
    ["fits", 4],
    ["moved", 1],
  ] as const) {
    const dictionary = join(folder, name);
    await cp(join(DICTIONARIES, "layer_4"), dictionary, { recursive: true });
    const config = await readFile(join(dictionary, "cfg.json"), "utf8");
    await writeFile(join(dictionary, "cfg.json"), config.replaceAll("blocks.4.", `blocks.${layer}.`));
    const edits = [{ kind: "clamp", at: `resid_post.${layer}`, dictionary: name, feature: 5, value: 4 }];
    conditions.push({ name: `clamped-${name}`, edits });
  }
  await writeFile(join(folder, "zz-features.edits.json"), JSON.stringify({ conditions }));
}

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ settings: { "refract.model": TEST_MODEL }, prepare: addDictionaries });
  await openFile(journey, "start.prompt.md");
});
afterAll(() => journey?.end());

test("Compare streams replies side by side: without what carries the refusal the model complies", async () => {
  const { window } = journey;
  await window.page.locator(".codelens-decoration a", { hasText: "Compare" }).first().click();
  const page = await window.webview("Compare");
  await page.getByText("KL to baseline").nth(2).waitFor();
  const columns = page.locator(".column");
  expect(await columns.count()).toBe(4);
  const [baseline = "", noCyber = "", noFraud = ""] = await columns.allInnerTexts();
  expect(baseline).toMatch(/refusal (1|0\.9)/);
  expect(noCyber).toMatch(/refusal 0\.[0-4]|refusal [\d.]+e/);
  expect(noFraud).toMatch(/refusal (1|0\.9)/);
  expect(noCyber).toMatch(/rows \d+/);
  await window.screenshot("compare-light");
});

test("in a wide window the picture for the README shows all columns; high contrast and dark follow the theme", async () => {
  const { window, host } = journey;
  const { page } = window;
  await host((vscode) => vscode.commands.executeCommand("workbench.action.closeSidebar").then(() => null));
  await page.setViewportSize({ width: 1600, height: 800 });
  const compare = await window.webview("Compare");
  const last = compare.locator(".column").last();
  await expect.poll(async () => (await last.boundingBox())?.x ?? Number.POSITIVE_INFINITY).toBeLessThan(1600);
  for (const [picture, theme, kind] of [
    ["readme-compare", "Default Light Modern", "vscode-light"],
    ["compare-window-dark", "Default Dark Modern", "vscode-dark"],
    ["compare-window-high-contrast", "Default High Contrast", "vscode-high-contrast"],
  ] as const) {
    await setTheme(journey, theme);
    await expect.poll(() => compare.locator("body").getAttribute("class")).toContain(kind);
    await page.waitForTimeout(500);
    await window.screenshot(picture);
  }
  await page.setViewportSize({ width: 1400, height: 900 });
});

test("a strength that is dragged runs its column again, and the others stay", async () => {
  const page = await journey.window.webview("Compare");
  const column = page.locator(".column").nth(3);
  // All but the scale of the KL strip, which the columns share.
  const others = async () => (await page.locator(".column").nth(1).innerText()).replace(/up to .* nats/, "");
  const before = await others();
  const slider = column.locator("input[type=range]");
  await slider.focus();
  await slider.press("End");
  await column.getByText("3.0").waitFor();
  await column.getByText("tok/s").waitFor();
  expect(await others()).toBe(before);
});

test("a feature of a dictionary is clamped with a slider; one of a dictionary that doesn't fit waits for the user's word, and the others run", async () => {
  const { window, host } = journey;
  const page = await window.webview("Compare");
  const add = async (describe: string) => {
    await page.getByText("Add condition").click();
    await window.page.locator(".quick-input-list .monaco-list-row", { hasText: describe }).click();
  };
  await add("clamp feature 5 to 4 at resid_post.4");
  const column = page.locator(".column").nth(4);
  await column.getByText("tok/s").waitFor();
  expect(await column.innerText()).toMatch(/Clamped to[\s\S]*rows \d+/);
  await column.getByRole("slider").press("End");
  await column.getByText("its file says 4.0").waitFor();
  await column.getByText("tok/s").waitFor();
  await add("clamp feature 5 to 4 at resid_post.1");
  const waits = page.locator(".column").nth(5);
  await waits.locator(".failure", { hasText: "wrong hook point" }).waitFor();
  await page.getByText("Run again").click();
  await expect.poll(() => page.getByText("tok/s").count()).toBeGreaterThanOrEqual(5);
  await waits.locator(".failure", { hasText: "wrong hook point" }).waitFor();
  await host((vscode) => vscode.commands.executeCommand("refract.models.focus").then(() => null));
  const badge = window.page.locator(".monaco-list-row", {
    hasText: /wrong hook point: it fits resid_(post\.4|pre\.5)/,
  });
  await badge.waitFor();
  await window.screenshot("compare-features");
});

test("features of such a dictionary are edited once the user says so in VS Code's dialog, and not before", async () => {
  const { window } = journey;
  const page = await window.webview("Compare");
  const waits = page.locator(".column").nth(5);
  const dialog = window.page.locator(".monaco-dialog-box");
  await waits.getByText("Edit anyway").click();
  await dialog.getByText("can't be trusted").waitFor();
  await dialog.getByText("wrong hook point").waitFor();
  await window.screenshot("compare-consent");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  await waits.getByText("Edit anyway").click();
  await dialog.getByRole("button", { name: "Edit Anyway" }).click();
  await waits.getByText("Not trusted, edited on your word").waitFor();
  expect(await waits.innerText()).toMatch(/rows \d+[\s\S]*tok\/s/);
  for (const added of [5, 4]) await page.locator(".column").nth(added).getByText("Remove").click();
  await expect.poll(() => page.locator(".column").count()).toBe(4);
});

test("two columns open in VS Code's own diff editor", async () => {
  const page = await journey.window.webview("Compare");
  await page.locator(".column").nth(1).getByText("Diff", { exact: true }).click();
  await journey.window.page.locator(".monaco-diff-editor").first().waitFor();
  await journey.host((vscode) => vscode.commands.executeCommand("workbench.action.closeActiveEditor").then(() => null));
});

test("Save as experiment writes the conditions into a spec", async () => {
  const { window, workspace } = journey;
  const page = await window.webview("Compare");
  await page.getByText("Save as experiment").click();
  // The list draws only the rows that are in sight.
  await window.page.locator(".quick-input-widget .quick-input-box input").fill("refusal.refract");
  const choice = window.page.locator(".quick-input-list .monaco-list-row", { hasText: "refusal.refract.yaml" });
  await choice.first().click();
  const spec = () => readFile(join(workspace.folder, "refusal.refract.yaml"), "utf8");
  await expect.poll(spec).toContain("push-fraud-x3");
  const text = await spec();
  expect(text).toContain("# The whole story on the demo model");
});

const tabs = () => journey.window.page.locator(".tab", { hasText: "Compare: " });

test("another prompt is compared in a panel of its own, the same one in the panel that shows it", async () => {
  const compare = (file: string) =>
    journey.host(async (vscode, name) => {
      const [uri] = await vscode.workspace.findFiles(name);
      await vscode.commands.executeCommand("refract.compare", uri, 0);
    }, file);
  await compare("prompts/conditions.jsonl");
  await expect.poll(() => tabs().count()).toBe(2);
  const page = await journey.window.webview("Compare");
  await page.getByText("KL to baseline").nth(2).waitFor();
  await compare("prompts/conditions.jsonl");
  expect(await tabs().count()).toBe(2);
});

test("after a reload while replies come the comparisons are there again, stopped, before any sidecar starts; one is run again", async () => {
  const before = await journey.window.webview("Compare");
  const pid = (await journey.host((vscode) =>
    vscode.extensions.getExtension("refract.refract")?.exports.sidecar.pid(),
  )) as number;
  // A sidecar that stands still: replies that are waited for for certain.
  process.kill(pid, "SIGSTOP");
  await before.getByText("Run again").click();
  await before.getByText("measuring").nth(3).waitFor();
  await journey.reload();
  process.kill(pid, "SIGKILL");
  await journey.host((vscode) => vscode.commands.executeCommand("workbench.action.closeAuxiliaryBar").then(() => null));
  const page = await journey.window.webview("Compare");
  await page.getByText("Saved comparison").waitFor();
  expect(await page.locator(".column").count()).toBe(4);
  await page.getByText("Stopped by the reload.").nth(3).waitFor();
  expect(await tabs().count()).toBe(2);
  expect(await sidecarState(journey)).toBe("off");
  await journey.window.screenshot("compare-reloaded");
  await page.getByText("Run again").click();
  await page.getByText("KL to baseline").nth(2).waitFor();
  expect(await page.getByText("Saved comparison").count()).toBe(0);
});
