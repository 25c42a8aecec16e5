/** `npm run bench -- NAME ARGS`: runs one benchmark of this folder. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [name, ...args] = process.argv.slice(2);
const script = join(import.meta.dirname, `${name}.ts`);
if (name === undefined || name === "run" || !existsSync(script)) {
  const known = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".ts") && file !== "run.ts");
  console.error(
    `usage: npm run bench -- NAME ARGS; NAME is one of ${known.map((file) => file.slice(0, -3)).join(", ")}`,
  );
  process.exitCode = 2;
} else {
  process.exitCode = spawnSync(process.execPath, [script, ...args], { stdio: "inherit" }).status ?? 1;
}
