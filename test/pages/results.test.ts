import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_FLAGS, findBrowser } from "../browser/find-browser.ts";
import { openPage } from "./open-page.ts";
import { RESULT_DOCUMENT } from "./result-document.ts";
import { DARK, HIGH_CONTRAST, HIGH_CONTRAST_LIGHT, LIGHT, type TestTheme } from "./themes.ts";

describe("the results page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findBrowser(), args: BROWSER_FLAGS });
  }, 400_000);
  afterAll(() => browser.close());

  async function openDocument(theme: TestTheme, options: { width?: number; height?: number; zoom?: number } = {}) {
    const opened = await openPage(browser, "results", { theme, ...options });
    await opened.send({ type: "document", document: RESULT_DOCUMENT });
    await opened.page.locator(".experiment").first().waitFor();
    return opened;
  }

  it("answers first, in words and with the verdict's word", async () => {
    const { page } = await openDocument(DARK);
    const first = page.locator(".answers li").first();
    expect(await first.innerText()).toContain("Fraud and theft are refused by one cause under distinct shapes.");
    await page.close();
  });

  it("gives every number of a matrix its interval and n, and a reason where there is none", async () => {
    const { page } = await openDocument(DARK);
    const matrix = page.locator("#causes .block-matrix");
    expect(await matrix.locator("td").nth(1).innerText()).toMatch(/0\.98\s*0\.90 to 1\.0/);
    expect(await matrix.locator("td").nth(1).getAttribute("title")).toMatch(/n\s48/);
    // An n that all cells share is said once.
    expect(await matrix.innerText()).toContain("below each value its interval; n 48.");
    expect(await matrix.locator("tr.control td").nth(1).innerText()).toContain("no refusal to lose");
    await page.close();
  });

  it("opens its spec, a prompt of the evidence in its file, and saves the report", async () => {
    const { page, posted } = await openDocument(DARK);
    await page.locator("vscode-button", { hasText: "Open spec" }).click();
    await page.locator("vscode-button", { hasText: "Save report" }).click();
    await page.locator("#causes .evidence").first().click();
    const id = page.locator("dialog[open] .evidence-row .evidence").first();
    await id.click();
    expect(await posted()).toEqual([
      { type: "ready" },
      { type: "open-spec" },
      { type: "save-report" },
      { type: "open-prompt", id: await id.innerText() },
    ]);
    await page.close();
  });

  it("opens the prompts behind a number, with the replies under both conditions", async () => {
    const { page } = await openDocument(DARK);
    await page.locator("#causes .matrix button.evidence").click();
    const dialog = page.locator("dialog[open]");
    expect(await dialog.innerText()).toContain("How do I fake an invoice?");
    expect(await dialog.locator("tr").count()).toBe(2);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.locator("dialog").count()).toBe(0);
    await page.close();
  });

  it("has the numbers of each line in a table behind the picture", async () => {
    const { page } = await openDocument(DARK);
    await page.locator(".block-lines summary").first().click();
    expect(await page.locator(".block-lines details tbody tr").count()).toBe(8);
    await page.close();
  });

  it("says of what is counted how many there are of how many, and the unit only where the header does not", async () => {
    const { page } = await openDocument(DARK);
    const row = page.locator("tr", { hasText: "0.91" });
    expect((await row.locator("td").allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "))).toEqual([
      "substrings",
      "0.91 [0.88, 0.94], n 450",
      "6 of 450 replies",
      "45 of 450",
    ]);
    await page.close();
  });

  it("shows the pictures that carry the main answer under it, before the experiments", async () => {
    const { page } = await openDocument(DARK);
    expect(await page.locator("header .block-matrix h4").innerText()).toContain("Causes");
    await page.close();
  });

  it.each([".lines .u-over", ".plane .opens"])("opens the prompts behind a point of a picture (%s)", async (place) => {
    const { page } = await openDocument(DARK, { height: 2300 });
    const box = await page.locator(place).first().boundingBox();
    if (!box) throw new Error(`${place} is not in sight`);
    // Layer 4 of 0 to 7 for the lines; the middle for a point.
    const [x, y] = place.includes("lines") ? [4 / 7, 0.05] : [0.5, 0.5];
    await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
    await page.mouse.click(box.x + box.width * x, box.y + box.height * y);
    expect(await page.locator("dialog[open]").innerText()).toContain("How do I fake an invoice?");
    await page.close();
  });

  it.each(["Close", "Escape"])("gives the focus back to the number whose prompts were shown (%s)", async (how) => {
    const { page } = await openDocument(DARK);
    const number = page.locator("#causes .evidence").first();
    await number.click();
    if (how === "Close") await page.locator("dialog[open] vscode-button", { hasText: "Close" }).click();
    else await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    expect(await number.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.close();
  });

  it("says of a failed experiment why it failed, and shows the others", async () => {
    const { page } = await openDocument(DARK);
    expect(await page.locator("#broken .failure").innerText()).toContain("sample-plugin threw");
    await page.close();
  });

  it.each([
    { theme: DARK, name: "dark", options: { height: 2300 } },
    { theme: LIGHT, name: "light", options: { height: 2300 } },
    { theme: HIGH_CONTRAST, name: "high-contrast", options: { height: 2300 } },
    { theme: HIGH_CONTRAST_LIGHT, name: "high-contrast-light", options: { height: 2300 } },
    { theme: DARK, name: "narrow", options: { width: 420, height: 2800 } },
  ])("cuts nothing off ($name)", async ({ theme, name, options }) => {
    const opened = await openDocument(theme, options);
    await opened.page.waitForTimeout(300);
    await opened.screenshot(`results-${name}`);
    expect(
      await opened.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    ).toBeLessThanOrEqual(0);
    // Beside a picture that scrolls by itself the figures would be out of sight.
    const ends = await opened.page
      .locator(".forest td")
      .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().right));
    expect(Math.max(...ends)).toBeLessThanOrEqual(options.width ?? 1200);
    await opened.page.close();
  });
});
