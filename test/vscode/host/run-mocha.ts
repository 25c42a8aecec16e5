/** Entry point of `--extensionTestsPath`: runs mocha in the extension host and leaves its JSON report where the ladder reads it. */
import { createRequire } from "node:module";
import { join } from "node:path";

/** The part of mocha that is used here. */
interface MochaRunner {
  suite: { emit(event: "pre-require", context: typeof globalThis, file: string, mocha: MochaRunner): void };
  run(done: (failures: number) => void): void;
}
type MochaConstructor = new (options: Record<string, unknown>) => MochaRunner;

const ROOT = join(__dirname, "..", "..");
const Mocha = createRequire(join(ROOT, "package.json"))("mocha") as MochaConstructor;

export async function run(): Promise<void> {
  const mocha = new Mocha({
    ui: "bdd",
    timeout: 60_000,
    reporter: "json",
    reporterOptions: { output: join(ROOT, "out", "test-results", "extension-host.json") },
  });
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  await import("./activation.test.ts");
  await import("./prompt-files.test.ts");
  await import("./inspect.test.ts");
  await import("./contributed-plugin.test.ts");
  await import("./spec.test.ts");
  await import("./sidecar.test.ts");
  await new Promise<void>((resolve, reject) => {
    mocha.run((failures) => (failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`))));
  });
}
