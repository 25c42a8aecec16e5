import { appendFileSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openJournal } from "../../../sidecar/runs/journal.ts";

function place(): string {
  return join(mkdtempSync(join(tmpdir(), "refract-")), "results.ndjson");
}
const line = (unit: string) => ({ experiment: "e", kind: "k", type: "unit" as const, unit });

describe("a run's journal", () => {
  it("drops a torn last line and goes on after the whole ones", () => {
    const path = place();
    const first = openJournal(path);
    first.append(line("a"));
    first.close();
    appendFileSync(path, '{"experiment":"e","kind":"k","type":"un');
    const second = openJournal(path);
    expect(second.lines.map((l) => l.unit)).toEqual(["a"]);
    second.append(line("b"));
    second.close();
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(3);
    const third = openJournal(path);
    expect(third.lines.map((l) => l.unit)).toEqual(["a", "b"]);
    third.close();
  });

  it("has a line on disk as soon as append returns", () => {
    const path = place();
    const journal = openJournal(path);
    journal.append(line("a"));
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(line("a"))}\n`);
    journal.close();
  });

  it("names the line that was changed from outside", () => {
    const path = place();
    writeFileSync(path, "not json\n");
    expect(() => openJournal(path)).toThrow(/results\.ndjson:1: .*not JSON/);
  });

  it("says in words that the disk is full", () => {
    const path = place();
    symlinkSync("/dev/full", path);
    const journal = openJournal(path);
    expect(() => journal.append(line("a"))).toThrow(/disk is full.*--resume/);
    journal.close();
  });
});
