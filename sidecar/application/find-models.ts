import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { FoundModel } from "../../shared/protocol/model-messages.ts";

/** Where the Hugging Face hub's libraries keep what they download, as their own documentation says. */
function hubFolder(environment: NodeJS.ProcessEnv): string {
  if (environment.HF_HUB_CACHE) return environment.HF_HUB_CACHE;
  const home = environment.HF_HOME ?? join(environment.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "huggingface");
  return join(home, "hub");
}

async function namesIn(folder: string): Promise<string[]> {
  // A cache that isn't there holds nothing.
  return readdir(folder).catch((): string[] => []);
}

/** Whether a snapshot holds an ONNX decoder where the engine looks for one. */
async function holdsOnnx(snapshot: string): Promise<boolean> {
  const top = await namesIn(snapshot);
  if (top.some((name) => name.endsWith(".onnx"))) return true;
  return top.includes("onnx") && (await namesIn(join(snapshot, "onnx"))).some((name) => name.endsWith(".onnx"));
}

/** ONNX exports in the Hugging Face cache: of each repository its newest snapshot. Nothing is opened. */
export async function findModels(environment: NodeJS.ProcessEnv = process.env): Promise<FoundModel[]> {
  const hub = hubFolder(environment);
  const found: FoundModel[] = [];
  for (const repository of await namesIn(hub)) {
    if (!repository.startsWith("models--")) continue;
    const snapshots = join(hub, repository, "snapshots");
    const timed = await Promise.all(
      (await namesIn(snapshots)).map(async (name) => {
        const path = join(snapshots, name);
        return { path, time: (await stat(path)).mtimeMs };
      }),
    );
    timed.sort((a, b) => b.time - a.time);
    for (const { path } of timed) {
      if (!(await holdsOnnx(path))) continue;
      found.push({ path, name: repository.slice("models--".length).replaceAll("--", "/"), origin: "hub-cache" });
      break;
    }
  }
  return [{ path: "demo", name: "demo", origin: "demo" }, ...found];
}
