import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Script } from "node:vm";
import { evaluate, parse } from "@humanwhocodes/momoa";
import { expect, test } from "vitest";
import { MOCHA, SAMPLES_COPY } from "../vscode/build-host.ts";
import { CONTRIBUTING } from "../vscode/vscode-server.ts";

/** F5 as VS Code starts it: `.vscode/launch.json` names tasks of `.vscode/tasks.json`, which name scripts of the package. */
const ROOT = join(import.meta.dirname, "..", "..");
/** What VS Code puts the opened folder for. */
const WORKSPACE = /\$\{workspaceFolder\}/;

interface Launch {
  configurations: { name: string; args: string[]; preLaunchTask: string }[];
}
interface Tasks {
  tasks: { label: string; type: string; script?: string; command?: string; args?: string[]; dependsOn?: string }[];
}

async function read<T>(path: string): Promise<T> {
  return evaluate(parse(await readFile(join(ROOT, path), "utf8"), { mode: "jsonc" })) as T;
}

const { configurations } = await read<Launch>(".vscode/launch.json");
const { tasks } = await read<Tasks>(".vscode/tasks.json");
const manifest = await read<{ main: string; scripts: Record<string, string> }>("package.json");

const argument = (args: readonly string[], name: string) =>
  args.filter((arg) => arg.startsWith(`--${name}=`)).map((arg) => arg.slice(name.length + 3).replace(WORKSPACE, ROOT));
const folderOf = (args: readonly string[]) => args.at(-1)?.replace(WORKSPACE, ROOT) ?? "";

test("each task is there once, runs a script that exists, and waits for tasks that exist", () => {
  const labels = tasks.map(({ label }) => label);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels).toEqual(expect.arrayContaining(configurations.map(({ preLaunchTask }) => preLaunchTask)));
  for (const { type, script = "", dependsOn } of tasks) {
    if (type === "npm") expect(Object.keys(manifest.scripts)).toContain(script);
    if (dependsOn !== undefined) expect(labels).toContain(dependsOn);
  }
});

test("a fresh clone is installed before it is built: what F5 waits for begins with it", () => {
  for (const { preLaunchTask } of configurations) {
    const order: string[] = [];
    for (let label: string | undefined = preLaunchTask; label !== undefined; ) {
      order.unshift(label);
      label = tasks.find((task) => task.label === order[0])?.dependsOn;
    }
    expect(order.slice(0, 2)).toEqual(["install", "build"]);
  }
  const install = tasks.find(({ label }) => label === "install");
  expect(install?.command).toBe("node");
  const [, source = ""] = install?.args ?? [];
  expect(() => new Script(source)).not.toThrow();
  expect(source).toContain("npm ci");
});

test("the extension, the tests and the workspace are where the launch says, or where its task puts them", () => {
  const [samples, inHost] = configurations.map(({ args }) => args);
  expect(argument(samples ?? [], "extensionDevelopmentPath")).toEqual([ROOT]);
  expect(existsSync(join(folderOf(samples ?? []), "start.prompt.md"))).toBe(true);
  expect(argument(inHost ?? [], "extensionDevelopmentPath")).toEqual([ROOT, CONTRIBUTING]);
  expect(existsSync(join(CONTRIBUTING, "package.json"))).toBe(true);
  expect(argument(inHost ?? [], "extensionTestsPath")).toEqual([MOCHA]);
  expect(folderOf(inHost ?? [])).toBe(SAMPLES_COPY);
  expect(manifest.main).toBe("./dist/extension/activate.cjs");
});
