import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Journey, startJourney } from "../journey.ts";
import { inspectFirst, openFile, sidecarState } from "./sidecar-state.ts";

const SIDECAR = join(import.meta.dirname, "..", "..", "..", "dist", "sidecar", "refract.mjs");

const PLUGIN = `import { definePlugin } from "refract/plugin";
export default definePlugin({
  name: "position",
  readings: [{
    id: "position", label: "position", unit: "tokens", describe: "Where the token stands.",
    needs: { direction: false, activations: false, logits: false },
    async read({ engine, ledger }) {
      const count = ledger.ids.length;
      return Float32Array.from({ length: engine.model.layers * count }, (_, at) => at % count);
    },
  }],
});
`;

let remote: ChildProcess;
let journey: Journey;
let token = "";
beforeAll(async () => {
  remote = spawn(process.execPath, [SIDECAR, "serve", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const said = await new Promise<string>((resolve) => {
    if (remote.stdout !== null) createInterface({ input: remote.stdout }).once("line", resolve);
  });
  const { port, token: printed } = JSON.parse(said) as { port: number; token: string };
  token = printed;
  journey = await startJourney({
    settings: { "refract.sidecar.url": `ws://127.0.0.1:${port}`, "refract.plugins": ["position.mjs"] },
    prepare: ({ folder }) => writeFile(join(folder, "position.mjs"), PLUGIN),
  });
  await openFile(journey, "start.prompt.md");
});
afterAll(async () => {
  remote?.kill();
  await journey?.end();
});

async function command(title: string): Promise<void> {
  const { page } = journey.window;
  await page.keyboard.press("F1");
  await page.keyboard.type(title);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
}

test("without its token a remote sidecar is not used, and the message names the command that sets it", async () => {
  const { page } = journey.window;
  await page.locator(".codelens-decoration a", { hasText: "Inspect" }).first().click();
  await expect.poll(() => sidecarState(journey)).toBe("failed");
  await page.locator(".statusbar-item", { hasText: "Refract: failed" }).waitFor();
  const why = await journey.host(
    (vscode) => vscode.extensions.getExtension("refract.refract")?.exports.sidecar.state.why as string,
  );
  expect(why).toContain("Set Token of the Remote Sidecar");
});

test("with the token that serve printed, Inspect runs there and no sidecar is started here", async () => {
  const { page } = journey.window;
  await command("Set Token of the Remote Sidecar");
  await page.locator(".quick-input-widget input[type=password]").fill(token);
  await page.keyboard.press("Enter");
  await inspectFirst(journey);
  const pid = await journey.host((vscode) => vscode.extensions.getExtension("refract.refract")?.exports.sidecar.pid());
  expect(pid).toBeNull();
});

test("a reading of the user's plugin stands in the picker and is drawn", async () => {
  const { page } = journey.window;
  await page.locator(".monaco-editor .view-line").first().click();
  await command("Choose Reading");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Where the token stands." }).click();
  await page.locator(".statusbar-item", { hasText: "position" }).waitFor();
  const shown = await journey.host((vscode) => {
    const api = vscode.extensions.getExtension("refract.refract")?.exports;
    const [one] = api.inspections.of(vscode.window.activeTextEditor?.document.uri);
    return Array.from(one.inspection.values.slice(0, 3) as Float32Array);
  });
  expect(shown).toEqual([0, 1, 2]);
});

test("a remote sidecar that ends is told in words, and what was read stays", async () => {
  remote.kill();
  await expect.poll(() => sidecarState(journey), { timeout: 60_000 }).toMatch(/reconnecting|failed/);
  await journey.window.page.locator(".statusbar-item", { hasText: /Refract: (reconnecting|failed)/ }).waitFor();
  await journey.window.page
    .locator(".codelens-decoration a", { hasText: /refusal \d/ })
    .first()
    .waitFor();
});
