import { expect, test } from "vitest";
import { loadPlugins } from "../../../extension/models/load-plugins.ts";
import { refused } from "../../../shared/errors.ts";

/** A sidecar that can't load some modules. */
function loader(broken: string[]) {
  const loaded: string[][] = [];
  const load = async (paths: string[]) => {
    const bad = paths.find((path) => broken.includes(path));
    if (bad !== undefined) throw refused(`${bad}: has no plugin.`);
    loaded.push(paths);
  };
  return { load, loaded };
}

test("the user's plugins and those of other extensions are loaded together", async () => {
  const { load, loaded } = loader([]);
  expect(await loadPlugins(load, { own: ["a.mjs"], contributed: ["theirs.mjs"] })).toBeNull();
  expect(loaded).toEqual([["a.mjs", "theirs.mjs"]]);
});

test("a broken plugin of another extension keeps nothing of the user's from working, and is told", async () => {
  const { load, loaded } = loader(["theirs.mjs"]);
  const why = await loadPlugins(load, { own: ["a.mjs"], contributed: ["theirs.mjs"] });
  expect(why?.message).toBe("theirs.mjs: has no plugin.");
  expect(loaded).toEqual([["a.mjs"]]);
});

test("a broken plugin that the user names is refused", async () => {
  const { load } = loader(["a.mjs"]);
  await expect(loadPlugins(load, { own: ["a.mjs"], contributed: [] })).rejects.toThrow("a.mjs: has no plugin.");
  await expect(loadPlugins(load, { own: ["a.mjs"], contributed: ["theirs.mjs"] })).rejects.toThrow("a.mjs");
});
