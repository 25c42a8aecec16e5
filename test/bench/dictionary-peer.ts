import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A Python process that encodes with the same weights, a run each time it is asked. */
export interface DictionaryPeer {
  /** What it runs, and its versions. */
  who: string;
  threads: number;
  /** Milliseconds of one run, as the process itself takes them. */
  run(): Promise<number>;
  close(): void;
}

const SCRIPT = join(import.meta.dirname, "peers", "dictionary.py");

/** `null` where Python has no torch. */
export async function dictionaryPeer(folder: string, rows: number, threads: number): Promise<DictionaryPeer | null> {
  const python = process.env.REFRACT_PYTHON ?? "python3";
  const child = spawn(python, [SCRIPT, folder, String(rows), String(threads)], { stdio: ["pipe", "pipe", "ignore"] });
  const failed = new Promise<null>((resolve) => child.once("error", () => resolve(null)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** The next line that is JSON: the libraries say things of their own. */
  const next = async (): Promise<unknown> => {
    for (;;) {
      const line = await Promise.race([lines.next(), failed]);
      if (line === null || line.done === true) return null;
      if (/^[{\d]/.test(line.value)) return JSON.parse(line.value) as unknown;
    }
  };
  const hello = (await next()) as { who: string; threads: number } | null;
  if (hello === null) return null;
  return {
    ...hello,
    async run() {
      child.stdin.write("run\n");
      const milliseconds = await next();
      if (typeof milliseconds !== "number") throw new Error(`${SCRIPT} ended before it was done`);
      return milliseconds;
    },
    close: () => child.stdin.end(),
  };
}
