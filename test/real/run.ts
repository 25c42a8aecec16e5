/**
 * `npm run test:real -- OUT`: holds the engine to PyTorch on models with real weights.
 * OUT holds a folder per model with its exports and the golden values that test/reference/real/make.py wrote.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const [given] = process.argv.slice(2);
const root = given === undefined ? null : resolve(process.env.INIT_CWD ?? process.cwd(), given);
const models =
  root === null || !existsSync(root)
    ? []
    : readdirSync(root).filter((name) => existsSync(join(root, name, "golden.json")));
if (root === null || models.length === 0) {
  console.error(
    `usage: npm run test:real -- OUT; ${root ?? "OUT"} holds no model with a golden.json (see test/reference)`,
  );
  process.exitCode = 2;
} else {
  const { status } = spawnSync("npx", ["vitest", "run", "--project", "real"], {
    stdio: "inherit",
    env: { ...process.env, REFRACT_REAL: root },
  });
  process.exitCode = status ?? 1;
}
