import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "refract-cli-"));

function refract(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "sidecar", "refract.ts"), ...args], {
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: folder },
  });
  return { status, stdout, stderr };
}

function spec(text: string): string {
  const path = join(folder, "s.refract.yaml");
  writeFileSync(path, text);
  return path;
}

const PROMPTS = join(ROOT, "extension", "samples", "prompts", "all.jsonl");
const GOOD = `refract: 1
model: demo
prompts:
  cyber: {file: ${JSON.stringify(PROMPTS)}, where: {category: cyber}, harmful: true, limit: 3}
experiments:
  said: {kind: compare, conditions: [baseline], prompts: [cyber], take: 2, maxNewTokens: 8}
`;

it("select prints the winner of the reference's candidate file as JSON", () => {
  const file = join(ROOT, "test", "fixtures", "refusal_direction", "gemma-2b-it.direction_evaluations.json");
  const { status, stdout } = refract("select", file, "--layers", "18", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ winner: { position: -2, layer: 10 }, total: 90, left: 13 });
});

it("select of a KL that is no number has no winner, and says why", () => {
  writeFileSync(
    join(folder, "k.json"),
    '[{"position":-1,"layer":2,"refusal_score":-3,"steering_score":1,"kl_div_score":NaN}]',
  );
  const { status, stdout } = refract("select", "k.json", "--layers", "10", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    winner: null,
    dropped: { nan: 1 },
    because: expect.stringContaining("not a number"),
  });
});

it.each([
  [
    "an unknown key",
    GOOD.replace("take: 2", "tak: 2"),
    /s\.refract\.yaml:6:\d+: experiments\.said: there is no key "tak"; did you mean "take"\?/,
  ],
  [
    "a set that is not there",
    GOOD.replace("prompts: [cyber]", "prompts: [cybr]"),
    /"cybr" is not in prompts; did you mean "cyber"\?/,
  ],
  [
    "a missing prompt file",
    GOOD.replace(JSON.stringify(PROMPTS), "none.jsonl"),
    /none\.jsonl: there is no such prompt file/,
  ],
])("a spec with %s is refused with code 2 and nothing on stdout", (_, text, message) => {
  const { status, stdout, stderr } = refract("run", spec(text), "--out", join(folder, "runs"));
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});

it("run prints the run folder as its only line, and explain the spec with every default and what it takes", () => {
  const explained = refract("run", spec(GOOD), "--explain");
  expect(explained.status).toBe(0);
  expect(explained.stdout).toMatch(/# about \d+ forward passes and \d+ replies/);
  expect(explained.stdout).toMatch(/temperature: 0/);
  const { status, stdout } = refract("run", spec(GOOD), "--out", join(folder, "runs"));
  expect(status).toBe(0);
  const lines = stdout.trim().split("\n");
  expect(lines).toHaveLength(1);
  for (const file of ["manifest.json", "results.ndjson", "summary.json"])
    expect(existsSync(join(lines[0] ?? "", file))).toBe(true);
}, 300_000);
