import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";
import { TEST_MODEL } from "../test-model.ts";
import { openFile, sidecarState } from "./sidecar-state.ts";

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ settings: { "refract.model": TEST_MODEL } });
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
  const choice = window.page.locator(".quick-input-list .monaco-list-row", { hasText: "refusal.refract.yaml" });
  await choice.first().click();
  const spec = () => readFile(join(workspace.folder, "refusal.refract.yaml"), "utf8");
  await expect.poll(spec).toContain("push-fraud-x3");
  const text = await spec();
  expect(text).toContain("# The whole story on the demo model");
});

test("after a reload the comparison is there again, marked as saved, before any sidecar starts", async () => {
  await journey.reload();
  await journey.host((vscode) => vscode.commands.executeCommand("workbench.action.closeAuxiliaryBar").then(() => null));
  const page = await journey.window.webview("Compare");
  await page.getByText("Saved comparison").waitFor();
  expect(await page.locator(".column").count()).toBe(4);
  expect(await sidecarState(journey)).toBe("off");
});
