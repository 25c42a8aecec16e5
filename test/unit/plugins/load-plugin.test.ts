import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type LoadedPlugin, loadPlugin } from "../../../sidecar/plugins/load-plugin.ts";
import { PluginRegistry } from "../../../sidecar/plugins/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "refract-plugins-"));
const opened: LoadedPlugin[] = [];
let count = 0;

function file(source: string): string {
  const path = join(folder, `plugin-${count++}.mjs`);
  writeFileSync(path, source);
  return path;
}

const scorer = (body: string) => `import { definePlugin } from "refract/plugin";
export default definePlugin({
  name: "mine",
  scorers: [{ id: "mine", label: "Mine", describe: "Mine.", needs: "reply", async score(inputs, extra) { ${body} } }],
});`;

async function open(source: string, idleMs = 2000) {
  const loaded = await loadPlugin(file(source), idleMs);
  opened.push(loaded);
  const [only] = loaded.plugin.scorers ?? [];
  if (!only) throw new Error("no scorer");
  return only;
}

const input = { prompt: "p", reply: "r", nextToken: new Float32Array([1, 2]), refusalTokens: [3] };

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

describe("a plugin of the user's", () => {
  it("runs outside of this package, imports refract/plugin and gets typed arrays", async () => {
    const mine = await open(
      scorer('return inputs.map((i) => ({ score: i.nextToken[1] + i.refusalTokens[0], class: "refusal" }));'),
    );
    expect(await mine.score([input])).toEqual([{ score: 5, class: "refusal" }]);
  });

  it("that throws fails its call with its path in the message, and works on", async () => {
    const mine = await open(scorer('if (inputs.length === 1) throw new Error("boom"); return [];'));
    await expect(mine.score([input])).rejects.toThrow(/plugin .*plugin-\d+\.mjs: boom/);
    expect(await mine.score([])).toEqual([]);
  });

  it.each([
    ["waits for ever", "await new Promise(() => {}); return [];"],
    ["loops without end", "for (;;) {}"],
  ])("that %s is stopped by name", async (_, body) => {
    const mine = await open(scorer(body));
    await expect(mine.score([input])).rejects.toThrow(/plugin .*no sign of life for 2 s and was stopped/);
  });

  it("that ends its process ends only its own thread, and is started again at the next call", async () => {
    const mine = await open(scorer("if (inputs.length === 1) process.exit(3); return [];"));
    await expect(mine.score([input])).rejects.toThrow(/ended its own thread/);
    expect(await mine.score([])).toEqual([]);
  });

  it("is not stopped while something is being done for it", async () => {
    const { plugin, close } = await loadPlugin(
      file(`export default { name: "kinds", experiments: [{ id: "slow", label: "Slow", describe: "Slow.", options: {},
        plan: () => [], async execute(unit, study) { return { got: await study.decode([1, 2]), aborted: study.signal.aborted }; },
        summarise: () => ({}) }] };`),
      1000,
    );
    const kind = plugin.experiments?.[0];
    const study = {
      signal: new AbortController().signal,
      decode: async (ids: number[]) => {
        await new Promise((resolve) => setTimeout(resolve, 2500));
        return `text of ${ids.length}`;
      },
    };
    const unit = { id: "u", label: "u", passes: 0, replies: 0, input: {} };
    const execute: ((...args: never[]) => unknown) | undefined = kind?.execute;
    expect(await Reflect.apply(execute ?? (() => null), null, [unit, study, {}])).toEqual({
      got: "text of 2",
      aborted: false,
    });
    await close();
  });

  it.each([
    ["nothing", "export const x = 1;", /default export is not a plugin/],
    [
      "a kind without a plan",
      'export default { name: "n", experiments: [{ id: "k", label: "", describe: "", options: {} }] };',
      /experiments\.0\.plan: expected a function/,
    ],
    ["a syntax error", "export default {", /plugin .*plugin-\d+\.mjs: /],
    ["a list that does not exist", 'export default { name: "n", expriments: [] };', /expriments/],
  ])("that offers %s is refused by path", async (_, source, message) => {
    await expect(loadPlugin(file(source))).rejects.toThrow(message);
  });

  it("may not take an id that another offers", async () => {
    const one = await loadPlugin(file(scorer("return [];")));
    const two = await loadPlugin(file(scorer("return [];")));
    opened.push(one, two);
    expect(() => new PluginRegistry([one, two])).toThrow(/scorer "mine" is offered twice, by mine .*plugin-\d+\.mjs/);
  });
});
