/** `npm run pictures`: takes the README's pictures from the screenshots that the journeys made last. Look at them before you commit them. */
import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** By name in `extension/images`: the screenshot, and the journey that makes it. */
const PICTURES = {
  "workbench.png": { screenshot: "readme-workbench", journey: "themes" },
  "compare.png": { screenshot: "readme-compare", journey: "compare" },
};

/** They travel with the extension's package and every clone. */
const LARGEST = 250 * 1024;

for (const [name, { screenshot, journey }] of Object.entries(PICTURES)) {
  const source = join(ROOT, "test", "screenshots", `${screenshot}.png`);
  const { size } = await stat(source).catch((cause: unknown) => {
    const run = `npx vitest run --config test/vscode/vitest.config.ts test/vscode/journeys/${journey}.test.ts`;
    throw new Error(`${source} is not there: ${run} makes it.`, { cause });
  });
  if (size > LARGEST) throw new Error(`${source} has ${size} bytes, expected at most ${LARGEST}.`);
  await copyFile(source, join(ROOT, "extension", "images", name));
  console.log(`extension/images/${name} (${Math.round(size / 1024)} KB) from ${screenshot}.png`);
}
