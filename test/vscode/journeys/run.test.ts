import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RESULT_DOCUMENT } from "../../pages/result-document.ts";
import { type Journey, startJourney } from "../journey.ts";
import { openFile, setTheme } from "./sidecar-state.ts";

const SPEC = `refract: 1
model: demo
prompts:
  mine: {file: start.prompt.md}
conditions:
  no-cyber: [{kind: ablate, vectors: "directions.safetensors#cyber", at: ["resid_pre.*", "resid_mid.*", "resid_post.*"]}]
experiments:
  said: {kind: compare, conditions: [baseline, no-cyber], prompts: [mine], maxNewTokens: 20}
`;

/** A run whose document has every kind of block, to be looked at. */
const PICTURED = "pictured-run";

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({
    async prepare({ folder }) {
      await writeFile(join(folder, "small.refract.yaml"), SPEC);
      await mkdir(join(folder, PICTURED));
      await writeFile(join(folder, PICTURED, "document.json"), JSON.stringify(RESULT_DOCUMENT));
    },
  });
  await openFile(journey, "small.refract.yaml");
});
afterAll(() => journey?.end());

test("Run over a spec's experiments runs them and shows what came out", async () => {
  const { window, workspace } = journey;
  await window.page.locator(".codelens-decoration a", { hasText: "Run" }).first().click();
  const page = await window.webview("Results");
  await page.getByText("said", { exact: true }).first().waitFor();
  await page.getByText("Sure, to infect").filter({ visible: true }).first().waitFor();
  await window.page.locator(".codelens-decoration a", { hasText: "Show last result" }).waitFor();
  await window.screenshot("results-window");
  expect(await readdir(join(workspace.folder, "runs"))).toHaveLength(1);
});

test("a prompt behind a number opens in its file, and the page is saved as one that opens offline", async () => {
  const { window, host, workspace } = journey;
  const page = await window.webview("Results");
  await page.locator(".evidence").first().click();
  await page.locator("dialog .evidence-row .evidence").first().click();
  const shown = () => host((vscode) => vscode.window.activeTextEditor?.document.uri.path ?? "");
  await expect.poll(shown).toMatch(/start\.prompt\.md$/);
  await page.getByText("Close").click();
  await page.getByText("Open spec").click();
  await expect.poll(shown).toMatch(/small\.refract\.yaml$/);
  await page.getByText("Save report").click();
  const dialog = window.page.locator(".quick-input-widget");
  await dialog.getByRole("button", { name: "OK" }).click();
  const saved = async () => (await readdir(workspace.folder)).filter((name) => name.endsWith(".html"));
  await expect.poll(saved).toHaveLength(1);
  const [name = ""] = await saved();
  expect(await readFile(join(workspace.folder, name), "utf8")).toMatch(/^<!doctype html>[\s\S]*Sure, to infect/);
});

test("the Runs view lists the run with its experiment", async () => {
  const { window, host } = journey;
  await host((vscode) => vscode.commands.executeCommand("refract.runs.focus").then(() => null));
  const row = window.page.locator(".pane-body .monaco-list-row", { hasText: "small.refract.yaml" });
  await row.first().waitFor();
  await window.page.locator(".pane-body .monaco-list-row", { hasText: "demo" }).first().waitFor();
  await window.screenshot("views-light");
});

test("a mistake in a spec is marked where it stands", async () => {
  const { host } = journey;
  await host(async (vscode) => {
    const editor = vscode.window.visibleTextEditors.find(({ document }) =>
      document.uri.path.endsWith("small.refract.yaml"),
    );
    const text = editor?.document.getText() ?? "";
    const start = editor?.document.positionAt(text.indexOf("no-cyber],")) ?? new vscode.Position(0, 0);
    await editor?.edit((builder) => builder.replace(new vscode.Range(start, start.translate(0, 8)), "no-cyper"));
  });
  const messages = () =>
    host((vscode) => {
      const editor = vscode.window.visibleTextEditors.find(({ document }) =>
        document.uri.path.endsWith("small.refract.yaml"),
      );
      const found = editor === undefined ? [] : vscode.languages.getDiagnostics(editor.document.uri);
      return found.map(({ message, range }) => `${range.start.line}: ${message}`);
    });
  await expect.poll(async () => (await messages()).join("\n")).toMatch(/^7: .*did you mean "no-cyber"/);
});

test("results follow the theme, and show all of themselves in a wide and in a narrow window", async () => {
  const { window, host, workspace } = journey;
  await host(
    async (vscode, folder) => {
      await vscode.commands.executeCommand("workbench.action.closeSidebar");
      await vscode.commands.executeCommand("refract.openRun", folder);
    },
    join(workspace.folder, PICTURED),
  );
  const page = await window.webview("Results");
  await page.locator(".plane").first().waitFor();
  for (const [name, theme, kind, width] of [
    ["dark", "Default Dark Modern", "vscode-dark", 1500],
    ["high-contrast", "Default High Contrast", "vscode-high-contrast", 1500],
    ["high-contrast-light", "Default High Contrast Light", "vscode-high-contrast", 1500],
    ["light", "Default Light Modern", "vscode-light", 1500],
    ["narrow", "Default Light Modern", "vscode-light", 800],
  ] as const) {
    await setTheme(journey, theme);
    await expect.poll(() => page.locator("body").getAttribute("class")).toContain(kind);
    // High, so that one picture shows the whole page.
    await window.page.setViewportSize({ width, height: width < 1000 ? 3600 : 2600 });
    await window.page.waitForTimeout(800);
    const { beyond, lost } = await page.locator("body").evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      const forest = [...document.querySelectorAll(".forest td")].map((cell) => cell.getBoundingClientRect().right);
      return { beyond: scrollWidth - clientWidth, lost: forest.filter((right) => right > clientWidth).length };
    });
    await window.screenshot(`results-window-${name}`);
    expect({ beyond, lost }).toEqual({ beyond: 0, lost: 0 });
  }
  await window.page.setViewportSize({ width: 1400, height: 900 });
});
