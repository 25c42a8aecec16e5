/**
 * Packs the extension: `npm run package` for this machine's platform, `npm run package -- linux-x64 darwin-arm64` for others.
 * Each package holds only its own platform's ONNX Runtime.
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

const ROOT = import.meta.dirname;
const OUT = join(ROOT, "dist", "packages");

/** VS Code's name of a platform, and the runtime's folder for it. */
const RUNTIMES: Record<string, string> = {
  "linux-x64": "linux/x64",
  "linux-arm64": "linux/arm64",
  "darwin-arm64": "darwin/arm64",
  "win32-x64": "win32/x64",
  "win32-arm64": "win32/arm64",
};

/** What a user's machine needs; everything else is for building and testing. */
const SHIPPED = [
  ...["dist/extension/activate.cjs", "dist/sidecar", "dist/webviews"],
  ...["extension/images", "extension/walkthrough", "extension/samples"],
  ...["package.nls.json", "README.md", "CHANGELOG.md", "LICENSE"],
];

const NOT_SHIPPED = /\.map$|[\\/]runs([\\/]|$)/;

async function copy(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, filter: (path) => !NOT_SHIPPED.test(relative(ROOT, path)) });
}

/** The manifest that VS Code reads; npm's part of it stays behind. */
async function manifest(): Promise<string> {
  const {
    scripts: _scripts,
    devDependencies: _development,
    dependencies: _dependencies,
    allowScripts: _allowed,
    private: _private,
    bin: _bin,
    exports: _exports,
    type: _type,
    ...shipped
  } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
  return `${JSON.stringify(shipped, null, 2)}\n`;
}

/** The runtime lies beside the sidecar's bundle, where Node looks for it first. */
async function copyRuntime(stage: string, folder: string): Promise<void> {
  const modules = join(stage, "dist", "sidecar", "node_modules");
  const runtime = join(ROOT, "node_modules", "onnxruntime-node");
  await copy(join(ROOT, "node_modules", "onnxruntime-common"), join(modules, "onnxruntime-common"));
  for (const part of ["package.json", "dist"]) await copy(join(runtime, part), join(modules, "onnxruntime-node", part));
  const [binaries] = await napiFolders(runtime);
  if (binaries === undefined) throw new Error("onnxruntime-node has no binaries: run npm ci.");
  await copy(join(runtime, "bin", binaries, folder), join(modules, "onnxruntime-node", "bin", binaries, folder));
}

async function napiFolders(runtime: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  return (await readdir(join(runtime, "bin"))).filter((name) => name.startsWith("napi-"));
}

async function pack(target: string): Promise<string> {
  const folder = RUNTIMES[target];
  if (folder === undefined) {
    throw new Error(`There is no package for "${target}"; there are ${Object.keys(RUNTIMES).join(", ")}.`);
  }
  const stage = join(OUT, target);
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  for (const path of SHIPPED) await copy(join(ROOT, path), join(stage, path));
  await writeFile(join(stage, "package.json"), await manifest());
  await copyRuntime(stage, folder);
  const file = join(OUT, `refract-${target}.vsix`);
  const vsce = join(ROOT, "node_modules", "@vscode", "vsce", "vsce");
  const args = [
    "package",
    "--target",
    target,
    "--no-dependencies",
    "--allow-missing-repository",
    "--no-rewrite-relative-links",
  ];
  const { status } = spawnSync(process.execPath, [vsce, ...args, "--out", file], {
    cwd: stage,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Error(`vsce package failed for ${target}.`);
  return file;
}

const targets = process.argv.slice(2);
for (const target of targets.length > 0 ? targets : [`${process.platform}-${process.arch}`]) {
  console.log(await pack(target));
}
