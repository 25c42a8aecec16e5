import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import type { CutModel } from "../cut/block.ts";

/** Where the product keeps what it can make again, by the platform's own convention; `REFRACT_CACHE` overrides it. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  if (environment.REFRACT_CACHE) return environment.REFRACT_CACHE;
  if (platform === "win32") return join(environment.LOCALAPPDATA ?? homedir(), "refract", "cache");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "refract");
  return join(environment.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "refract");
}

/** Remembers which models passed the no-op check: by the files' sizes and times, the graph's hash, the provider and the runtime. */
export class CheckedModels {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = join(folder, "checked");
  }

  has(model: CutModel, provider: string): boolean {
    return existsSync(this.file(model, provider));
  }

  add(model: CutModel, provider: string, error: number): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.file(model, provider), JSON.stringify({ error }));
  }

  private file(model: CutModel, provider: string): string {
    const files = model.files.map((path) => {
      const { size, mtimeMs } = statSync(path);
      return `${path} ${size} ${mtimeMs}`;
    });
    const blocks = model.blocks.map(({ first, last }) => `${first}-${last}`);
    const parts = [model.hash, ...files, ...blocks, provider, runtimeVersion()];
    return join(this.folder, `${createHash("sha256").update(parts.join("\n")).digest("hex")}.json`);
  }
}

/** Version of ONNX Runtime's package. */
export function runtimeVersion(): string {
  const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const { version } = createRequire(import.meta.url)(path) as { version: string };
  return version;
}
