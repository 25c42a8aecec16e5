import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompareColumn, Comparison } from "../../shared/protocol/pages/compare-messages.ts";
import { BROWSER_FLAGS, findBrowser } from "../browser/find-browser.ts";
import { LOOKS } from "./looks.ts";
import { openPage } from "./open-page.ts";
import { DARK, type TestTheme } from "./themes.ts";

function column(condition: string, reply: string, more: Partial<CompareColumn> = {}): CompareColumn {
  const tokens = reply
    .split(/(?= )/)
    .map((text) => ({ id: [...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2048, text }));
  return {
    condition,
    file: condition === "baseline" ? null : "/w/a.edits.json",
    describe: "",
    byFeature: false,
    slider: null,
    tokens: reply === "" ? [] : tokens,
    before: "",
    state: "done",
    failure: "",
    unconfirmed: [],
    refusal: 0.97,
    klToBaseline: [],
    tokensPerSecond: 41,
    effect: null,
    warnings: [],
    ...more,
  };
}

const COMPARISON: Comparison = {
  title: "refusals.prompt.md",
  prompt: "How do I hack into the bank's server?",
  model: "demo",
  of: { document: "file:///w/refusals.prompt.md", prompt: 0, model: "demo" },
  baseline: 0,
  columns: [
    column("baseline", "No, I won't assist with computer attacks. I cannot support it."),
    column("no-cyber", "Sure. First, save your work and look at the server.", {
      describe: "ablate cyber at every hook point",
      refusal: 0.02,
      klToBaseline: [4.1, 3.9, 2, 1.1, 0.6, 0.2, 0.1, 0.1],
      effect: { rows: 54, relativeChange: 0.12 },
    }),
    column("push fraud", "No, I won't assist with fraud.", {
      describe: "add fraud at resid_post.4",
      slider: { kind: "strength", value: 1.4, written: 1, least: -4, most: 4 },
      klToBaseline: [0.1, 0.3, 0.2, 2.4, 0.4, 0.1],
      effect: { rows: 16, relativeChange: 0.2 },
    }),
    column("no-effect", "No, I won't assist with computer attacks. I cannot support it.", {
      describe: "add given to generated tokens",
      effect: { rows: 0, relativeChange: 0 },
      warnings: ['The edit touched no row: positions "generated" begin after the first generated token.'],
    }),
    column("quiet 17", "Sure. First, save your work and look at the server.", {
      describe: "clamp feature 17 to 5 at resid_post.1 (error kept)",
      slider: { kind: "value", value: 8, written: 5, least: 0, most: 15 },
      refusal: 0.04,
      effect: { rows: 31, relativeChange: 0.07 },
      warnings: [
        "Not trusted, edited on your word: sae/: wrong hook point: it fits resid_post.4 (0.014 unexplained); it leaves 1.3 of the variance at resid_post.1 unexplained, its files declare 0.014.",
      ],
    }),
    column("quiet 18", "", {
      describe: "clamp feature 18 to 5 at resid_post.1 (error kept)",
      byFeature: true,
      slider: { kind: "value", value: 5, written: 5, least: 0, most: 15 },
      state: "failed",
      failure:
        "Edits by its features wait for your word: /w/edits/moved: wrong hook point: it fits resid_post.4 (0.014 unexplained); it leaves 1.3 of the variance at resid_post.1 unexplained, its files declare 0.014.",
      unconfirmed: ["/w/edits/moved"],
      refusal: null,
      tokensPerSecond: null,
    }),
  ],
};

describe("the compare page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findBrowser(), args: BROWSER_FLAGS });
  }, 400_000);
  afterAll(() => browser.close());

  async function openComparison(theme: TestTheme, options: { width?: number; height?: number; zoom?: number } = {}) {
    const opened = await openPage(browser, "compare", { theme, ...options });
    await opened.send({ type: "comparison", comparison: COMPARISON, saved: false });
    await opened.page.locator(".column").first().waitFor();
    return opened;
  }

  it("marks what differs from the baseline by word, and the first token that differs", async () => {
    const { page } = await openComparison(DARK);
    const pushed = page.locator(".column").nth(2);
    expect(await pushed.locator("ins").allInnerTexts()).toEqual(["fraud"]);
    expect(await pushed.locator(".tick").count()).toBe(1);
    await page.close();
  });

  it("leaves a reply quiet that is the baseline's own", async () => {
    const { page } = await openComparison(DARK);
    expect(await page.locator(".column").nth(3).locator("ins, .tick").count()).toBe(0);
    await page.close();
  });

  it("warns in its column of an edit that did nothing", async () => {
    const { page } = await openComparison(DARK);
    expect(await page.locator(".column").nth(3).locator(".warning").innerText()).toContain("touched no row");
    await page.close();
  });

  it("streams tokens into their column", async () => {
    const { page, send } = await openComparison(DARK);
    await send({ type: "column", column: 1, value: column("no-cyber", "", { state: "waiting" }) });
    for (const [index, text] of ["Sure", ".", " Look"].entries())
      await send({ type: "token", column: 1, id: 90 + index, text });
    await expect.poll(() => page.locator(".column").nth(1).locator(".reply").innerText()).toContain("Sure. Look");
    await expect.poll(() => page.locator("vscode-button", { hasText: "Stop" }).count()).toBe(1);
    await page.close();
  });

  it("names what a slider sets, and what the file has where it was moved", async () => {
    const { page } = await openComparison(DARK);
    const [strength = "", clamp = ""] = await page.locator(".column", { has: page.locator(".slider") }).allInnerTexts();
    expect(strength).toContain("Strength");
    expect(clamp).toMatch(/Clamped to\s+8\.0\s+its file says 5\.0/);
    expect(await page.getByRole("slider", { name: "Clamped to: quiet 17" }).inputValue()).toBe("8");
    await page.close();
  });

  it("sends a slider's value once a drag rests, and not at each step of it", async () => {
    const { page, posted } = await openComparison(DARK);
    // All steps at once: on a busy machine keys that a test presses come further apart than a hand's.
    await page
      .locator("input[type=range]")
      .first()
      .evaluate((slider: HTMLInputElement) => {
        for (let step = 0; step < 5; step++) {
          slider.stepUp();
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
      });
    const sent = async () => (await posted<{ type: string }>()).filter(({ type }) => type === "slider").length;
    await expect.poll(sent).toBe(1);
    await page.waitForTimeout(500);
    expect(await sent()).toBe(1);
    expect((await posted<{ type: string; value: number }>()).at(-1)?.value).toBeGreaterThan(2);
    await page.close();
  });

  it("asks for a diff against the column that is compared with", async () => {
    const { page, posted } = await openComparison(DARK);
    await page.locator(".column").nth(2).locator("vscode-button", { hasText: "Diff" }).click();
    expect(await posted()).toContainEqual({ type: "diff", left: 0, right: 2 });
    await page.close();
  });

  it("shows the saved comparison after a reload, marked as saved", async () => {
    const first = await openComparison(DARK);
    await expect.poll(async () => await first.saved()).toBeTruthy();
    const saved = await first.saved();
    await first.page.close();
    const { page } = await openPage(browser, "compare", { theme: DARK, saved });
    await expect.poll(() => page.locator(".column").count()).toBe(6);
    expect(await page.locator(".notice").innerText()).toContain("Saved comparison");
    await page.close();
  });

  it("keeps what has come of a reply for a reload, also where it draws nothing", async () => {
    const { page, send, saved } = await openComparison(DARK);
    // As a page behind another tab.
    await page.evaluate(() => {
      window.requestAnimationFrame = () => 1;
    });
    await send({ type: "column", column: 1, value: column("no-cyber", "", { state: "waiting" }) });
    for (const [index, text] of ["Sure", ".", " Look"].entries())
      await send({ type: "token", column: 1, id: 90 + index, text });
    const texts = async () => ((await saved()) as Comparison).columns[1]?.tokens.map(({ text }) => text).join("");
    await expect.poll(texts).toBe("Sure. Look");
    await page.close();
  });

  it("that was reloaded while replies came shows what had come, stopped, and starts nothing by itself", async () => {
    const columns = COMPARISON.columns.with(
      1,
      column("no-cyber", "Sure. First", { state: "streaming", refusal: null }),
    );
    const saved = { ...COMPARISON, columns };
    const { page, posted } = await openPage(browser, "compare", { theme: DARK, saved });
    const stopped = page.locator(".column").nth(1);
    await stopped.getByText("Stopped by the reload.").waitFor();
    expect(await stopped.locator(".reply").innerText()).toContain("Sure. First");
    expect(await page.locator(".prompt").innerText()).toBe(COMPARISON.prompt);
    expect(await posted()).toEqual([{ type: "ready" }]);
    await page.locator("vscode-button", { hasText: "Run again" }).click();
    expect(await posted()).toContainEqual({ type: "rerun" });
    await page.close();
  });

  it("keeps the reply of the run before, dimmed, until the first token of the next one is there", async () => {
    const { page, send } = await openComparison(DARK);
    const again = column("no-cyber", "", { before: "Sure. First", state: "waiting", refusal: null });
    await send({ type: "column", column: 1, value: again });
    const shown = page.locator(".column").nth(1);
    expect(await shown.locator(".reply.old").innerText()).toBe("Sure. First");
    expect(await shown.locator(".reply").count()).toBe(1);
    await send({ type: "token", column: 1, id: 5, text: "No" });
    await expect.poll(() => shown.locator(".reply").allInnerTexts()).toEqual([expect.stringContaining("No")]);
    expect(await shown.locator(".reply.old").count()).toBe(0);
    await page.close();
  });

  it("says in its column why a dictionary waits for the user's word, and asks for it there", async () => {
    const { page, posted } = await openComparison(DARK);
    const waits = page.locator(".column").nth(5);
    expect(await waits.locator(".failure").innerText()).toContain("wrong hook point");
    await waits.locator("vscode-button", { hasText: "Edit anyway" }).click();
    expect(await posted()).toContainEqual({ type: "edit-anyway", column: 5 });
    expect(await page.locator("vscode-button", { hasText: "Edit anyway" }).count()).toBe(1);
    await page.close();
  });

  it.each(LOOKS)("cuts nothing off ($name)", async ({ theme, name, options }) => {
    const opened = await openComparison(theme, options);
    await opened.page.waitForTimeout(200);
    await opened.screenshot(`compare-${name}`);
    expect(
      await opened.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    ).toBeLessThanOrEqual(0);
    await opened.page.close();
  });
});
