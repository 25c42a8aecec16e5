import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FrameLocator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";
import { TEST_MODEL } from "../test-model.ts";

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ settings: { "refract.model": TEST_MODEL } });
  await journey.host(async (vscode) => {
    await vscode.commands.executeCommand("workbench.action.closeAuxiliaryBar");
    const [uri] = await vscode.workspace.findFiles("start.prompt.md");
    if (uri !== undefined) await vscode.window.showTextDocument(uri, { preview: false });
  });
});
afterAll(() => journey?.end());

/** What the extension says of its last drawn tints and its cursor. */
function state() {
  return journey.host((vscode) => {
    const api = vscode.extensions.getExtension("refract.refract")?.exports;
    const uri = vscode.window.visibleTextEditors[0]?.document.uri;
    const inspected = api.inspections.of(uri);
    return {
      place: api.cursor.place,
      prompts: inspected.length,
      stale: inspected.some((one: { stale: boolean }) => one.stale),
    };
  }) as Promise<{ place: { token: number; layer: number } | null; prompts: number; stale: boolean }>;
}

test("a click on Inspect tints the prompt's tokens and says how likely a refusal is", async () => {
  const { window } = journey;
  await window.page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  await window.page.locator(".codelens-decoration a", { hasText: /refusal \d/ }).waitFor({ timeout: 90_000 });
  const lenses = await window.page.locator(".codelens-decoration a").allTextContents();
  expect(lenses).toEqual(expect.arrayContaining(["Inspect", "Compare"]));
  await window.page.locator(".codelens-decoration", { hasText: /\d+ tokens/ }).waitFor();
  expect((await state()).prompts).toBe(1);
  await window.screenshot("editor-light");
});

test("the key for the next layer moves the shared cursor one layer up", async () => {
  const before = (await state()).place?.layer ?? -1;
  const { page } = journey.window;
  await page.locator(".monaco-editor .view-line").first().click();
  await page.keyboard.press("Alt+]");
  await expect.poll(async () => (await state()).place?.layer).toBe(before + 1);
});

test("the key for Inspect reads the prompt under the cursor again", async () => {
  const { page } = journey.window;
  await journey.host((vscode) => {
    const api = vscode.extensions.getExtension("refract.refract")?.exports;
    const counted = globalThis as typeof globalThis & { reads?: number };
    counted.reads = 0;
    const counting = api.inspections.onDidChange(({ kind }: { kind: string }) => {
      if (kind !== "read") return;
      counted.reads = (counted.reads ?? 0) + 1;
      counting.dispose();
    });
  });
  await page.locator(".monaco-editor .view-line").first().click();
  await page.keyboard.press("Control+Alt+i");
  await expect.poll(() => journey.host(() => (globalThis as typeof globalThis & { reads?: number }).reads)).toBe(1);
});

test("a hover on a token shows its id, its profile over layers and the next tokens", async () => {
  const { page } = journey.window;
  await page.locator(".view-line span", { hasText: "infect" }).last().hover();
  const hover = page.locator(".monaco-hover", { hasText: "id " }).first();
  await hover.waitFor();
  await page.locator(".monaco-hover img").first().waitFor();
  await page.locator(".monaco-hover", { hasText: "Next, as layer" }).first().waitFor();
  await journey.window.screenshot("editor-hover");
  await page.keyboard.press("Escape");
});

test("the heatmap's key shows the prompt, and a click on a cell moves the editor's cursor", async () => {
  const { window } = journey;
  await window.page.locator(".monaco-editor .view-line").first().click();
  await window.page.keyboard.press("Control+Alt+h");
  const page = await window.webview("Heatmap");
  await page.locator(".grid canvas").first().waitFor();
  const box = page.locator(".grid");
  await box.click({ position: { x: 160, y: 60 } });
  await page.locator(".visually-hidden[aria-live]", { hasText: /Layer \d/ }).waitFor();
  const spoken = (await page.locator(".visually-hidden[aria-live]").textContent()) ?? "";
  const layer = Number(/Layer (\d+)/.exec(spoken)?.[1]);
  const token = Number(/token (\d+)/.exec(spoken)?.[1]);
  await expect.poll(async () => (await state()).place).toMatchObject({ layer, token });
  await window.screenshot("heatmap-light");
});

/** The canvas has painted what the page says: two frames later it has. */
function painted(page: FrameLocator): Promise<void> {
  return page
    .locator(".grid canvas")
    .evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
}

test("features are rows of the heatmap; one is found, told of, pinned, shown by layer, labelled and taken out", async () => {
  const { window, host, workspace } = journey;
  const page = await window.webview("Heatmap");
  await page.locator("vscode-dropdown.rows").click();
  await page.locator("vscode-dropdown.rows vscode-option", { hasText: "strongest" }).click();
  await page.locator(".legend", { hasText: /features of layer \d+ .activation/ }).waitFor();
  const legend = (await page.locator(".legend").textContent()) ?? "";
  const spoken = (await page.locator(".visually-hidden[aria-live]").textContent()) ?? "";
  const layer = Number(/layer (\d+)/.exec(legend)?.[1]);
  const feature = Number(/Feature (\d+)/.exec(spoken)?.[1]);
  await expect.poll(async () => (await state()).place?.layer).toBe(layer);
  await painted(page);
  await window.screenshot("features-rows");

  await page.locator("input[type=search]").fill(`${layer}/${feature}`);
  await page.locator(".found .link", { hasText: `#${feature}` }).click();
  const card = page.locator("section.feature");
  await card.getByText(/refusal tokens are among the first 20/).waitFor();
  await card.locator("vscode-button", { hasText: "Where it fires" }).click();
  await expect.poll(() => card.innerText()).toMatch(/tokens of 1 prompt/);
  await card.locator("vscode-button", { hasText: "Pin feature" }).click();
  const pinned = page.locator("section[aria-label='Pinned features']");
  await pinned.locator(".link", { hasText: `#${feature}` }).waitFor();
  await pinned.locator("vscode-button", { hasText: "Show by layer" }).click();
  await page.locator(".legend", { hasText: /1 pinned .activation.*the feature is not at layer/ }).waitFor();
  await painted(page);
  await window.screenshot("features-pinned");

  await card.locator("vscode-button", { hasText: "Add label" }).click();
  await window.page.locator(".quick-input-widget input:visible").fill("breaking in");
  await window.page.keyboard.press("Enter");
  await card.getByText(`#${feature} breaking in`).waitFor();
  await pinned.locator(".link", { hasText: `#${feature} breaking in` }).waitFor();
  const notes = await readFile(join(workspace.folder, "features.notes.yaml"), "utf8");
  expect(notes).toBe(`${layer}/${feature}: breaking in\n`);
  await window.screenshot("features-labelled");

  await pinned.locator("vscode-button", { hasText: "Compare without" }).click();
  const comparison = await window.webview("Compare");
  await comparison.getByText("without-pinned-features").first().waitFor();
  await host(async (vscode) => {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter(({ label }) => label.startsWith("Compare")));
  });
  await (await window.webview("Heatmap")).locator(".grid canvas").first().waitFor();
});

test("an edit makes the reading old, and a pause later the prompt is read again", async () => {
  const { host } = journey;
  await host(async (vscode) => {
    const editor = vscode.window.visibleTextEditors.find(({ document }) =>
      document.uri.path.endsWith("start.prompt.md"),
    );
    await editor?.edit((builder) => builder.insert(new vscode.Position(0, 0), "Hello. "));
  });
  expect((await state()).stale).toBe(true);
  await expect.poll(async () => (await state()).stale, { timeout: 30_000 }).toBe(false);
});

test("after two reloads the saved picture is there before any sidecar starts", async () => {
  const { window, host } = journey;
  await journey.host((vscode) => vscode.commands.executeCommand("workbench.action.files.saveAll").then(() => null));
  for (let reload = 1; reload <= 2; reload++) {
    await journey.reload();
    const page = await window.webview("Heatmap");
    await page.locator(".grid canvas").first().waitFor();
    await page.getByText("Saved picture").waitFor();
    const sidecar = await host(
      (vscode) => vscode.extensions.getExtension("refract.refract")?.exports.sidecar.state.kind,
    );
    expect(sidecar).toBe("off");
  }
  await window.screenshot("heatmap-restored");
});

test("a killed sidecar comes back by itself and Inspect goes on", async () => {
  const { window, host } = journey;
  const kinds = () => host((vscode) => vscode.extensions.getExtension("refract.refract")?.exports.sidecar.state.kind);
  await host((vscode) => vscode.commands.executeCommand("refract.restartSidecar").then(() => null));
  const killed = await host(async (vscode) => {
    const pid = await vscode.extensions.getExtension("refract.refract")?.exports.sidecar.pid();
    process.kill(pid, "SIGKILL");
    return pid;
  });
  const alive = () => host((vscode) => vscode.extensions.getExtension("refract.refract")?.exports.sidecar.pid());
  await expect.poll(async () => (await kinds()) === "ready" && (await alive()) !== killed).toBe(true);
  await window.page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  await window.page.locator(".codelens-decoration a", { hasText: /refusal \d/ }).waitFor({ timeout: 90_000 });
});
