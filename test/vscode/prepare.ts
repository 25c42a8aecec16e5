/** Installs what the tests in a real VS Code need and this machine lacks, and says what it did. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const HERE = import.meta.dirname;

/** VS Code's own server inside the code-server package. */
export const SERVER_MAIN = join(HERE, "node_modules/code-server/lib/vscode/out/server-main.js");

/** What code-server's native modules are compiled against. */
const HEADERS = { file: "/usr/include/gssapi/gssapi.h", package: "libkrb5-dev" };
const COMPILER = { file: "/usr/bin/g++", package: "build-essential" };

function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): void {
  const { status, error } = spawnSync(program, args, { cwd: HERE, stdio: ["ignore", "inherit", "inherit"], env });
  if (status !== 0) {
    throw new Error(
      `${program} ${args.join(" ")} failed (${error?.message ?? `code ${status}`}): the tests in VS Code need it`,
    );
  }
}

/** Distribution's packages, where the system has apt and lets this user install. */
function installPackages(packages: string[]): void {
  if (packages.length === 0) return;
  if (!existsSync("/usr/bin/apt-get") || process.getuid?.() !== 0) {
    throw new Error(`Install ${packages.join(" and ")} (or what your system calls them) and run again.`);
  }
  console.log(`VS Code tests: installing ${packages.join(" ")} by apt-get`);
  run("apt-get", ["update", "-q"]);
  run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages]);
}

/** Makes sure that code-server is there; takes about 90 s and 800 MB the first time. */
export function prepareVsCode(): void {
  if (existsSync(SERVER_MAIN)) return;
  installPackages(
    process.platform === "linux"
      ? [HEADERS, COMPILER].filter(({ file }) => !existsSync(file)).map((n) => n.package)
      : [],
  );
  console.log("VS Code tests: installing code-server, a real VS Code, under test/vscode (once, 1 to 3 minutes)");
  // Its native modules are built for the Node that runs these tests.
  const path = `${dirname(process.execPath)}:${process.env.PATH ?? ""}`;
  // code-server asks npm's user agent which Node this is, and an outer npm has left its own there.
  const { npm_config_user_agent: _outer, ...environment } = process.env;
  run("npm", ["ci", "--no-audit", "--no-fund"], { ...environment, PATH: path });
}
