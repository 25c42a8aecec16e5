import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SAMPLES = join(import.meta.dirname, "..", "..", "extension", "samples");

/** A copy of the sample workspace that a test may change; without the model, which is found where the product ships it. */
export async function sampleWorkspace(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "refract-workspace-"));
  await cp(SAMPLES, folder, { recursive: true, filter: (path) => !path.startsWith(join(SAMPLES, "model")) });
  // Settings that keep VS Code's own novelties out of the pictures.
  await writeFile(
    join(folder, "quiet-settings.json"),
    JSON.stringify({ "chat.disableAIFeatures": true, "workbench.startupEditor": "none" }),
  );
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
