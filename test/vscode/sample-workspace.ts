import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SAMPLES = join(import.meta.dirname, "..", "..", "extension", "samples");

/** Settings that keep VS Code's own novelties out of the pictures. */
const QUIET = {
  "chat.disableAIFeatures": true,
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
};

export interface SampleWorkspace {
  folder: string;
  /** Adds to the workspace's settings, before a window opens it. */
  configure(settings: Record<string, unknown>): Promise<void>;
  remove(): Promise<void>;
}

/** Copies the sample workspace; without the model, which is found where the product ships it. */
export async function copySamples(folder: string): Promise<void> {
  await cp(SAMPLES, folder, { recursive: true, filter: (path) => !path.startsWith(join(SAMPLES, "model")) });
}

/** A copy of the sample workspace that a test may change. */
export async function sampleWorkspace(): Promise<SampleWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), "refract-workspace-"));
  await copySamples(folder);
  await mkdir(join(folder, ".vscode"), { recursive: true });
  const file = join(folder, ".vscode", "settings.json");
  const configure = async (settings: Record<string, unknown>) => {
    const before = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...before, ...settings }, null, 2));
  };
  await configure(QUIET);
  return { folder, configure, remove: () => rm(folder, { recursive: true, force: true }) };
}
