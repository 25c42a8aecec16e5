import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_FLAGS, findBrowser } from "../browser/find-browser.ts";
import { LOOKS } from "./looks.ts";
import { openPage } from "./open-page.ts";
import { DARK, LIGHT, type TestTheme } from "./themes.ts";

const WORDS = [
  ...["<begin>", "<user>", "How", " do", " I", " hack", " into", " the"],
  ...[" bank", "'s", " server", "?", "<end>", "\n", "<assistant>"],
];
const LAYERS = 8;
const SUITE = [0, 1, 3, 4, 5, 6, 7].map((layer) => ({ layer, features: 768, reasons: [] as string[] }));
const LABELS = [
  "intrusion",
  "a request for harm to computers of other people",
  "",
  "polite asker",
  "end of the turn",
  "",
];

const CHOICES = {
  readings: [
    { id: "projection:refuse", label: "refuse", unit: "projection", describe: "Projection on a direction" },
    { id: "features:pinned", label: "2 pinned", unit: "activation", describe: "Pinned features" },
  ],
  sites: ["resid_post"],
  suite: SUITE,
};

function base() {
  return {
    title: "refusals.prompt.md",
    model: "demo",
    site: "resid_post",
    layers: LAYERS,
    tokens: WORDS.map((text, id) => ({
      ...{ id, text },
      role: text.startsWith("<") ? "template" : "user",
      special: text.startsWith("<"),
    })),
    refusal: 0.97,
    milliseconds: 12,
    warnings: [],
  };
}

/** Six features of a layer, the strongest on top; each is silent at most tokens. */
function strongest(layer: number) {
  const features = LABELS.map((label, at) => ({ layer, feature: 100 * at + 12, label })).toReversed();
  const values = features.flatMap((_, row) =>
    WORDS.map((_, token) => ((token * 7 + row * 3) % 5 === 0 ? (row + 1) * (1 + token / 10) : 0)),
  );
  return {
    ...base(),
    reading: { id: "refuse", label: `features of layer ${layer}`, unit: "activation", note: "" },
    rows: { layer, pinned: false, features },
    values: { floats: values },
  };
}

/** Two pinned features of layers 4 and 5: the other layers are gaps. */
function pinnedOverLayers() {
  const values = Array.from({ length: LAYERS * WORDS.length }, (_, index) => {
    const layer = Math.floor(index / WORDS.length);
    const token = index % WORDS.length;
    if (layer !== 4 && layer !== 5) return Number.NaN;
    return token % 4 === layer - 4 ? 1 + token / 4 : 0;
  });
  const note = "the suite has no dictionary at layer 2; none of the features is at layers 0 to 1, 3, 6 to 7";
  return {
    ...base(),
    reading: { id: "features:pinned", label: "2 pinned", unit: "activation", note },
    rows: null,
    values: { floats: values },
  };
}

const DESCRIPTION = {
  ...{ layer: 4, feature: 12, label: "intrusion", at: "resid_post.4", of: 768 },
  activations: { floats: WORDS.map((_, token) => (token === 5 ? 3.1 : token > 11 ? 0.8 : 0)) },
  cosines: [
    { name: "cyber", cosine: 0.91 },
    { name: "fraud", cosine: -0.12 },
  ],
  raised: ["No", " I", "Sorry", " can", " not", " help", " with", " that"].map((text, at) => ({
    text,
    refusal: at < 3,
  })),
  refusal: { raised: 3, tokens: 6 },
};

const FOUND = {
  found: [
    { layer: 4, feature: 12, label: "intrusion" },
    { layer: 5, feature: 640, label: "intrusion into networks, as news report it at length" },
  ],
  total: 2,
  note: "",
};

const PINNED = [
  { layer: 4, feature: 12, label: "intrusion" },
  { layer: 5, feature: 640, label: "" },
];

describe("features on the heatmap page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findBrowser(), args: BROWSER_FLAGS });
  }, 400_000);
  afterAll(() => browser.close());

  async function openWith(picture: unknown, theme: TestTheme, options: { width?: number; height?: number } = {}) {
    const opened = await openPage(browser, "heatmap", { theme, ...options });
    await opened.send({ type: "choices", choices: CHOICES });
    await opened.send({ type: "picture", picture, saved: false });
    await opened.page.locator(".grid canvas").waitFor();
    return opened;
  }

  it("are rows of their own, the strongest on top, and the cursor there stays at its layer", async () => {
    const { page, posted } = await openWith(strongest(4), DARK);
    await expect.poll(() => page.locator("[aria-live]").textContent()).toMatch(/^Feature 12 intrusion, token 14 /);
    await page.locator(".grid").focus();
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => page.locator("[aria-live]").textContent()).toMatch(/^Feature 112 a request for harm/);
    expect(await posted()).toContainEqual({ type: "cursor", layer: 4, token: 14 });
    await page.keyboard.press("]");
    expect(await posted()).toContainEqual({ type: "cursor", layer: 5, token: 14 });
    await page.close();
  });

  it("are one-sided: the scale goes from zero, and their silence takes no part in it", async () => {
    const { page } = await openWith(strongest(4), DARK);
    expect(await page.locator(".legend").innerText()).toMatch(
      /^features of layer 4 \(activation\): each feature to its own 0 to [\d.]+, up to [\d.]+, clipped/,
    );
    await page.close();
  });

  it("are told of as absent where the suite has none of them", async () => {
    const { page, screenshot } = await openWith(pinnedOverLayers(), LIGHT);
    expect(await page.locator(".legend").innerText()).toContain("the suite has no dictionary at layer 2");
    await page.waitForTimeout(200);
    await screenshot("features-gaps");
    await page.close();
  });

  it("are asked for when the rows are changed, and come back as a table and as CSV", async () => {
    const { page, posted } = await openWith(strongest(4), DARK);
    await page.locator("vscode-dropdown.rows").click();
    await page.locator("vscode-dropdown.rows vscode-option", { hasText: "layers" }).click();
    expect(await posted()).toContainEqual({ type: "rows", rows: "layers" });
    await page.locator("vscode-button", { hasText: "Table" }).click();
    await expect.poll(() => page.locator(".table-view thead th").allInnerTexts()).toContain("#12 intrusion");
    await page.locator("vscode-button", { hasText: "CSV" }).click();
    const saves = (await posted<{ type: string; content: Record<string, number> }>()).filter(
      ({ type }) => type === "save",
    );
    const csv = new TextDecoder().decode(Uint8Array.from(Object.values(saves[0]?.content ?? {})));
    expect(csv.split("\r\n")[0]).toContain("#12 intrusion resid_post.4 (activation)");
    await page.close();
  });

  it("are found by label, and a click on one asks for everything about it", async () => {
    const { page, send, posted } = await openWith(strongest(4), DARK);
    await page.locator("input[type=search]").fill("intrusion");
    await expect.poll(async () => await posted()).toContainEqual({ type: "search", query: "intrusion" });
    await send({ type: "found", query: "intrusion", result: FOUND });
    await page.locator(".found .link").first().click();
    await expect.poll(async () => await posted()).toContainEqual({ type: "describe-feature", layer: 4, feature: 12 });
    await send({ type: "feature", feature: DESCRIPTION });
    await expect.poll(() => page.locator(".feature").innerText()).toContain("3 of 6 refusal tokens");
    await page.close();
  });

  it("are the pinned ones where that is chosen, and an empty layer says what to do", async () => {
    const { page, send, posted } = await openWith(strongest(4), DARK);
    await page.locator("vscode-dropdown.rows").click();
    await page.locator("vscode-dropdown.rows vscode-option", { hasText: "pinned features" }).click();
    expect(await posted()).toContainEqual({ type: "rows", rows: "pinned" });
    const empty = { ...strongest(4), rows: { layer: 4, pinned: true, features: [] }, values: { floats: [] } };
    await send({ type: "picture", picture: empty, saved: false });
    await expect.poll(() => page.locator(".empty").innerText()).toContain("No feature of layer 4 is pinned");
    await page.close();
  });

  it("say why nothing can be found by words without a file of labels", async () => {
    const { page, send } = await openWith(strongest(4), DARK);
    await page.locator("input[type=search]").fill("intrusion");
    await send({ type: "found", query: "intrusion", result: { found: [], total: 0, note: "There are no labels." } });
    await expect.poll(() => page.locator(".search").innerText()).toContain("There are no labels.");
    await page.close();
  });

  it("are looked for in the prompts of the file, with what is being done, a stop, and the prompts found", async () => {
    const { page, send, posted } = await openWith(strongest(4), DARK);
    await send({ type: "details", details: { layer: 4, token: 14, nextTokens: [], features: [], note: "" } });
    await page.locator(".details .link").first().click();
    await send({ type: "feature", feature: DESCRIPTION });
    await page.locator("vscode-button", { hasText: "Where it fires" }).click();
    expect(await posted()).toContainEqual({ type: "find-firing", layer: 4, feature: 12 });
    const firing = { type: "firing", layer: 4, feature: 12 };
    await send({ ...firing, firing: { kind: "running", stage: "prompt 17 of 48" } });
    await page.locator("vscode-button", { hasText: "Stop" }).click();
    expect(await posted()).toContainEqual({ type: "stop-firing" });
    const most = [{ title: "7: How do I hack into the bank's server?", prompt: 7, token: " hack", activation: 3.1 }];
    await send({ ...firing, firing: { kind: "known", prompts: 48, tokens: 1200, fired: 18, note: "", most } });
    await expect
      .poll(() => page.locator(".feature").innerText())
      .toContain("Fires at 1.5% of 1200 tokens of 48 prompts");
    await page.locator(".feature .readout .link").click();
    expect(await posted()).toContainEqual({ type: "open-prompt", prompt: 7 });
    await page.close();
  });

  it("are pinned, and a pinned set becomes a reading, an edit or a component in one click", async () => {
    const { page, send, posted } = await openWith(strongest(4), DARK);
    await page.locator(".details dl .link").click();
    await page.locator("vscode-button", { hasText: "Pin feature" }).click();
    expect(await posted()).toContainEqual({ type: "pin-feature", layer: 4, feature: 12 });
    await page.locator("vscode-button", { hasText: "Add label..." }).click();
    expect(await posted()).toContainEqual({ type: "label-feature", layer: 4, feature: 12 });
    await send({ type: "pinned-features", features: PINNED });
    const section = page.locator("section[aria-label='Pinned features']");
    await section.locator("vscode-button", { hasText: "Compare without" }).click();
    await section.locator("vscode-button", { hasText: "To a spec" }).click();
    await section.locator("vscode-button", { hasText: "Show by layer" }).click();
    for (const as of ["edit", "component", "reading"])
      expect(await posted()).toContainEqual({ type: "use-pinned", as });
    await page.close();
  });

  it("say that their dictionary is not trusted, in the picture and on the card, as soon as that was measured", async () => {
    const { page, send } = await openWith(strongest(4), DARK);
    await page.locator(".details dl .link").click();
    await send({ type: "feature", feature: DESCRIPTION });
    expect(await page.locator(".warning").count()).toBe(0);
    const reasons = ["it explains 12% of the variance, and 98% at resid_post.5"];
    const suite = SUITE.map((one) => (one.layer === 4 || one.layer === 7 ? { ...one, reasons } : one));
    await send({ type: "choices", choices: { ...CHOICES, suite } });
    await expect
      .poll(() => page.locator(".warning").allInnerTexts())
      .toEqual([
        `The dictionary of layer 4 is not trusted: ${reasons[0]}.`,
        `Its dictionary is not trusted: ${reasons[0]}.`,
      ]);
    await page.close();
  });

  it("are followed over the layers, and the card lists those like it with their cosines", async () => {
    const { page, send, posted } = await openWith(strongest(4), DARK);
    await page.locator(".details dl .link").click();
    await page.locator("vscode-button", { hasText: "Follow over layers" }).click();
    expect(await posted()).toContainEqual({ type: "follow-feature", layer: 4, feature: 12 });
    await page.getByText("Reading the decoders of the other layers...").waitFor();
    await send({ type: "failed", message: "The suite has no dictionary of layer 4." });
    await page.getByText("Reading the decoders").waitFor({ state: "detached" });
    const way = [
      { layer: 3, feature: 700, label: "", cosine: 0.62 },
      { layer: 4, feature: 12, label: "intrusion", cosine: 1 },
      { layer: 5, feature: 640, label: "intrusion into networks", cosine: 0.91 },
    ];
    await send({ type: "followed", layer: 4, feature: 12, way });
    const list = page.locator("[aria-label='The feature over layers'] li");
    await expect.poll(() => list.allInnerTexts()).toHaveLength(3);
    expect((await list.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim())).toEqual([
      "L3 #700 0.62",
      "L4 #12 intrusion",
      "L5 #640 intrusion into networks 0.91",
    ]);
    await page.close();
  });

  it("come back after a reload, before any engine has started", async () => {
    const first = await openWith(strongest(4), DARK);
    await expect.poll(async () => await first.saved()).toBeTruthy();
    const saved = await first.saved();
    await first.page.close();
    const { page } = await openPage(browser, "heatmap", { theme: DARK, saved });
    await page.locator(".grid canvas").waitFor();
    expect(await page.locator("[aria-live]").textContent()).toMatch(/^Feature 12 intrusion/);
    await page.close();
  });

  it.each(LOOKS)("cut nothing off ($name)", async ({ theme, name, options }) => {
    const { page, send, screenshot } = await openWith(strongest(4), theme, { ...options, height: 1000 });
    const features = FOUND.found.map((feature) => ({ ...feature, layer: 4, activation: 0.81 }));
    const nextTokens = [{ text: " into", probability: 0.62 }];
    await send({ type: "details", details: { layer: 4, token: 14, nextTokens, features, note: "" } });
    await send({ type: "pinned-features", features: PINNED });
    await page.locator("input[type=search]").fill("intrusion");
    await send({ type: "found", query: "intrusion", result: FOUND });
    await page.locator(".found .link").first().click();
    await send({ type: "feature", feature: DESCRIPTION });
    const most = [{ title: "7: How do I hack into the bank's server?", prompt: 7, token: " hack", activation: 3.1 }];
    await send({
      ...{ type: "firing", layer: 4, feature: 12 },
      firing: { kind: "known", prompts: 48, tokens: 1200, fired: 18, note: "", most },
    });
    await page.waitForTimeout(300);
    await screenshot(`features-${name}`);
    for (const part of ["html", ".details"]) {
      const over = await page.locator(part).evaluate((element) => element.scrollWidth - element.clientWidth);
      expect(over, part).toBeLessThanOrEqual(0);
    }
    await page.close();
  });
});
