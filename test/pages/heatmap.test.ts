import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_FLAGS, findBrowser } from "../browser/find-browser.ts";
import { LOOKS } from "./looks.ts";
import { openPage } from "./open-page.ts";
import { DARK, HIGH_CONTRAST_LIGHT, type TestTheme } from "./themes.ts";

const WORDS = [
  "<begin>",
  "<user>",
  "How",
  " do",
  " I",
  " hack",
  " into",
  " the",
  " bank",
  "'s",
  " server",
  "?",
  "<end>",
  "\n",
  "<assistant>",
];

/** A picture whose values rise towards the last layer and the last token, with a huge first position as real models have. */
function picture(layers: number, words: string[]) {
  const values = Array.from({ length: layers * words.length }, (_, index) => {
    const layer = Math.floor(index / words.length);
    const token = index % words.length;
    return token === 0 ? 24_900 : Math.sin(token / 3) * (layer + 1) + (token === words.length - 1 ? layer : 0);
  });
  return {
    title: "refusals.prompt.md",
    model: "demo",
    reading: { id: "projection", label: "refuse", unit: "projection", note: "" },
    site: "resid_post",
    layers,
    rows: null,
    tokens: words.map((text, id) => ({
      id,
      text,
      role: text.startsWith("<") ? "template" : "user",
      special: text.startsWith("<"),
    })),
    values: { floats: values },
    refusal: 0.97,
    milliseconds: 12,
    warnings: [],
  };
}

const CHOICES = {
  readings: [
    { id: "projection", label: "refuse", unit: "projection", describe: "Projection on a direction" },
    { id: "surprisal", label: "surprisal", unit: "nats", describe: "How unexpected the token was" },
  ],
  sites: ["resid_pre", "resid_mid", "resid_post"],
  suite: [],
};

describe("the heatmap page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findBrowser(), args: BROWSER_FLAGS });
  }, 400_000);
  afterAll(() => browser.close());

  async function openWithPicture(theme: TestTheme, options: { width?: number; height?: number; zoom?: number } = {}) {
    const opened = await openPage(browser, "heatmap", { theme, ...options });
    await opened.send({ type: "choices", choices: CHOICES });
    await opened.send({ type: "picture", picture: picture(8, WORDS), saved: false });
    await opened.page.locator(".grid canvas").waitFor();
    return opened;
  }

  it("teaches what to do while it is empty", async () => {
    const { page } = await openPage(browser, "heatmap", { theme: DARK });
    await expect.poll(() => page.locator(".empty").innerText()).toContain("Refract: Inspect");
    await page.close();
  });

  it("says what was clipped and that the first position is left out", async () => {
    const { page } = await openWithPicture(DARK);
    expect(await page.locator(".legend").innerText()).toMatch(
      /clipped at the 99th percentile \(\d+ of 112 cells\); the first position is left out/,
    );
    await page.close();
  });

  it("tells the editor which cell was clicked, and asks for the cell's details", async () => {
    const { page, posted } = await openWithPicture(DARK);
    const box = await page.locator(".grid canvas").boundingBox();
    await page.mouse.click((box?.x ?? 0) + 34 + 5, (box?.y ?? 0) + 64 + 5);
    const messages = await posted<{ type: string; layer?: number; token?: number }>();
    expect(messages).toContainEqual({ type: "cursor", layer: 7, token: 0 });
    await expect.poll(async () => await posted()).toContainEqual({ type: "details", layer: 7, token: 0 });
    await page.close();
  });

  it("follows the editor's cursor without answering it", async () => {
    const { page, send, posted } = await openWithPicture(DARK);
    await send({ type: "cursor", layer: 4, token: 5 });
    await expect.poll(() => page.locator(".details h2").innerText()).toBe("\u00b7hack");
    expect((await posted<{ type: string }>()).filter((message) => message.type === "cursor")).toEqual([]);
    await page.close();
  });

  it("is walked with the keyboard and speaks each cell", async () => {
    const { page, posted, send } = await openWithPicture(DARK);
    await send({ type: "cursor", layer: 4, token: 5 });
    await page.locator(".grid").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("]");
    await expect.poll(() => page.locator("[aria-live]").innerText()).toMatch(/^Layer 5, token 6 \u00b7into: /);
    await page.keyboard.press("Escape");
    expect(await posted()).toContainEqual({ type: "focus-editor" });
    await page.close();
  });

  it("shows the difference of two pins", async () => {
    const { page, send } = await openWithPicture(DARK);
    await send({ type: "cursor", layer: 7, token: 3 });
    await page.locator(".grid").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(".details").innerText()).toContain("Difference");
    await page.close();
  });

  it("has a table behind the picture", async () => {
    const { page } = await openWithPicture(DARK);
    await page.locator("vscode-button", { hasText: "Table" }).click();
    await expect.poll(() => page.locator(".table-view tbody tr").count()).toBe(WORDS.length);
    await page.close();
  });

  it("saves CSV with a row per token and SVG that is well formed", async () => {
    const { page, posted } = await openWithPicture(DARK);
    await page.locator("vscode-button", { hasText: "CSV" }).click();
    await page.locator("vscode-button", { hasText: "SVG" }).click();
    await page.locator("vscode-button", { hasText: "PNG" }).click();
    await expect
      .poll(async () => (await posted<{ type: string }>()).filter((message) => message.type === "save").length)
      .toBe(3);
    const saves = (await posted<{ type: string; name: string; content: Record<string, number> }>()).filter(
      (message) => message.type === "save",
    );
    const bytes = (name: string) =>
      Uint8Array.from(Object.values(saves.find((save) => save.name === name)?.content ?? {}));
    const csv = new TextDecoder().decode(bytes("heatmap.csv"));
    expect(csv.split("\r\n")).toHaveLength(WORDS.length + 2);
    expect(csv).toContain('13,13,user,"\n",');
    const svg = new TextDecoder().decode(bytes("heatmap.svg"));
    const parsed = await page.evaluate(
      (text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent,
      svg,
    );
    expect(parsed).toBeUndefined();
    expect([...bytes("heatmap.png").slice(1, 4)]).toEqual([..."PNG"].map((letter) => letter.charCodeAt(0)));
    await page.close();
  });

  it("shows the saved picture after a reload, marked as saved, before any engine has started", async () => {
    const first = await openWithPicture(DARK);
    await expect.poll(async () => await first.saved()).toBeTruthy();
    const saved = await first.saved();
    await first.page.close();
    const { page } = await openPage(browser, "heatmap", { theme: DARK, saved });
    await page.locator(".grid canvas").waitFor();
    expect(await page.locator(".notice").innerText()).toContain("Saved picture");
    await expect.poll(() => page.locator(".details").innerText()).toContain("resid_post.4, position 14");
    await page.close();
  });

  it("asks to be locked on its prompt, and finds prompt and lock again after a reload", async () => {
    const first = await openWithPicture(DARK);
    const origin = { uri: "file:///prompts/a.prompt.md", prompt: 2 };
    await first.send({ type: "origin", origin, locked: false });
    await first.page.locator("vscode-button", { hasText: "Lock" }).click();
    expect(await first.posted()).toContainEqual({ type: "lock", locked: true });
    await first.send({ type: "origin", origin, locked: true });
    await expect.poll(async () => await first.saved()).toMatchObject({ origin, locked: true });
    const saved = await first.saved();
    await first.page.close();
    const { page, posted } = await openPage(browser, "heatmap", { theme: DARK, saved });
    await page.locator("vscode-button", { hasText: "Unlock" }).click();
    expect(await posted()).toContainEqual({ type: "lock", locked: false });
    await page.close();
  });

  it("reads a saved picture's prompt again at the press of a button", async () => {
    const first = await openWithPicture(DARK);
    await expect.poll(async () => await first.saved()).toBeTruthy();
    const saved = await first.saved();
    await first.page.close();
    const { page, posted } = await openPage(browser, "heatmap", { theme: DARK, saved });
    await page.locator(".notice vscode-button").click();
    expect(await posted()).toContainEqual({ type: "inspect" });
    await page.close();
  });

  it("fits the whole prompt again when its panel is made narrower, until the user zooms", async () => {
    const { page, posted } = await openWithPicture(DARK, { width: 1400 });
    await page.setViewportSize({ width: 700, height: 500 });
    await page.waitForTimeout(300);
    const box = await page.locator(".grid canvas").boundingBox();
    // The last column ends where the grid does, but for the last label's room.
    await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) - 38, (box?.y ?? 0) + 70);
    const cursors = (await posted<{ type: string; token?: number }>()).filter((message) => message.type === "cursor");
    expect(cursors.at(-1)?.token).toBe(WORDS.length - 1);
    await page.close();
  });

  it("redraws at a switch of theme, without a reload", async () => {
    const { page, setTheme } = await openWithPicture(DARK);
    const pixels = () => page.locator(".grid canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const dark = await pixels();
    await setTheme(HIGH_CONTRAST_LIGHT);
    await expect.poll(pixels).not.toBe(dark);
    await page.close();
  });

  it.each(LOOKS)("cuts nothing off ($name)", async ({ theme, name, options }) => {
    const opened = await openWithPicture(theme, options);
    await opened.send({ type: "cursor", layer: 4, token: 5 });
    await opened.send({
      type: "details",
      details: {
        layer: 4,
        token: 5,
        nextTokens: [
          { text: " into", probability: 0.62 },
          { text: "No", probability: 0.31 },
        ],
        features: [{ layer: 4, feature: 512, label: "intrusion", activation: 0.81 }],
        note: "",
      },
    });
    await opened.page.waitForTimeout(300);
    await opened.screenshot(`heatmap-${name}`);
    expect(
      await opened.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    ).toBeLessThanOrEqual(0);
    await opened.page.close();
  });
});
