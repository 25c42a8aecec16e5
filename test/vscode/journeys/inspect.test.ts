import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ settings: process.env.REFRACT_TEST_MODEL ? { "refract.model": process.env.REFRACT_TEST_MODEL } : {} });
});
afterAll(() => journey?.end());

test("a click on Inspect tints the prompt's tokens and says how likely a refusal is", async () => {
  const { window, host } = journey;
  await host(async (vscode) => {
    const [uri] = await vscode.workspace.findFiles("start.prompt.md");
    if (uri !== undefined) await vscode.window.showTextDocument(uri);
  });
  await window.page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  const refusal = window.page.locator(".codelens-decoration a", { hasText: /refusal \d/ });
  await refusal.waitFor({ timeout: 90_000 });
  await window.screenshot("editor-first");
  expect(await window.page.locator(".codelens-decoration a").allTextContents()).toContain("Compare");
});
