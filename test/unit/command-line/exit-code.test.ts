import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { refused } from "../../../shared/errors.ts";
import { errorText, exitCodeOf } from "../../../sidecar/command-line/exit-code.ts";

it("says what the system refused in a sentence, and shows a stack for faults of the program alone", async () => {
  const system = await writeFile("/", "").catch((error: unknown) => error);
  expect(errorText(system)).toMatch(/^E\w+: .*open /);
  expect(exitCodeOf(system)).toBe(1);
  expect(errorText(new TypeError("a fault"))).toMatch(/a fault\n\s+at /);
  expect(errorText(refused("x.json: is not JSON"))).toBe("x.json: is not JSON");
});
