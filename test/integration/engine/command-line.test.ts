import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensorsFloats, readSafetensorsHeader, writeSafetensors } from "../../../sidecar/files/safetensors.ts";
import { relativeError } from "../../support/engine/closeness.ts";
import { type Outcome, refract } from "../../support/engine/refract-command.ts";

const LLAMA = join(import.meta.dirname, "..", "..", "fixtures", "models", "llama");
const MODEL = join(LLAMA, "genai-fp32");
const D = 32;
const LAST = "resid_post.3";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-test-"));
  process.env.REFRACT_CACHE = join(folder, "cache");
  await cp(join(LLAMA, "sae-standard"), join(folder, "sae"), { recursive: true });
  const v = Float32Array.from({ length: D }, (_, i) => Math.sin(i + 1));
  await writeSafetensors(
    join(folder, "v.safetensors"),
    new Map([
      ["v", { dtype: "F32", shape: [D], data: v }],
      ["nan", { dtype: "F32", shape: [D], data: v.map(() => Number.NaN) }],
    ]),
  );
});

const run = (...args: string[]): Promise<Outcome> => refract(folder, ...args, "--provider", "cpu", "--threads", "1");

async function edits(conditions: Record<string, unknown[]>): Promise<string> {
  const list = Object.entries(conditions).map(([name, own]) => ({ name, edits: own }));
  await writeFile(join(folder, "e.json"), JSON.stringify({ conditions: list }));
  return "e.json";
}

async function capture(
  hooks: string,
  ...args: string[]
): Promise<Record<string, { shape: number[]; data: Float32Array }>> {
  const outcome = await run("capture", MODEL, "--hooks", hooks, "--out", "o.safetensors", ...args);
  expect(outcome).toMatchObject({ code: 0, stdout: "" });
  return tensorsOf(join(folder, "o.safetensors"));
}

async function tensorsOf(path: string): Promise<Record<string, { shape: number[]; data: Float32Array }>> {
  const header = await readSafetensorsHeader(path);
  const names = [...header.entries.keys()].filter((name) => name !== "ids" && name !== "length");
  const read = names.map(async (name) => [name, await readSafetensorsFloats(header, name)] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** Refused: code 2, words that match, nothing on stdout, and no output file. */
async function refusal(message: RegExp, ...args: string[]): Promise<void> {
  const before = await readdir(folder);
  const outcome = await run(...args);
  expect(outcome).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
  expect(outcome.stderr).not.toMatch(/\n\s+at .*\(/);
  expect(await readdir(folder)).toEqual(before);
}

describe("inspect-model", () => {
  it("prints what the contract names", async () => {
    const { stdout, code } = await run("inspect-model", MODEL, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      layers: 4,
      dModel: D,
      vocabSize: 96,
      architecture: "llama",
      exporter: "onnxruntime-genai",
      kv: "group-query",
      hookPoints: expect.arrayContaining(["resid_pre.0", "resid_mid.2", LAST]),
      blocks: [[0, 3]],
      precision: "float32",
      provider: "cpu",
      warnings: [],
    });
  });

  it("cuts into as many blocks as it is told", async () => {
    const { stdout } = await run("inspect-model", MODEL, "--blocks", "2");
    expect(JSON.parse(stdout).blocks).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it("warns of a sliding window that the export lost", async () => {
    const copy = join(folder, "windowed");
    await cp(join(LLAMA, "torchscript"), copy, { recursive: true });
    const config = JSON.parse(await readFile(join(copy, "config.json"), "utf8"));
    await writeFile(join(copy, "config.json"), JSON.stringify({ ...config, model_type: "mistral", sliding_window: 8 }));
    const { stdout } = await run("inspect-model", "windowed");
    expect(JSON.parse(stdout).warnings).toEqual([expect.stringMatching(/sliding window of 8.*beyond 8 tokens/)]);
    const kept = await run("capture", "windowed", "--ids", "5,6", "--hooks", LAST, "--out", "w.safetensors");
    expect(kept).toMatchObject({ code: 0, stderr: expect.stringMatching(/sliding window of 8/) });
  });
});

describe("capture", () => {
  it("pads on the right with zeros and writes ids and lengths beside", async () => {
    const { [LAST]: found, logits } = await capture(`${LAST},logits`, "--ids", "5,6,7", "--ids", "8,9,10,11");
    expect(found?.shape).toEqual([2, 4, D]);
    expect(logits?.shape).toEqual([2, 4, 96]);
    expect(found?.data.subarray(3 * D, 4 * D).every((value) => value === 0)).toBe(true);
    const header = await readSafetensorsHeader(join(folder, "o.safetensors"));
    expect(header.entries.get("length")).toMatchObject({ dtype: "I64", shape: [2] });
    expect(header.entries.get("ids")).toMatchObject({ dtype: "I64", shape: [2, 4] });
  });

  it("touches position 0 of each sequence and nothing else, as it does in each alone", async () => {
    const file = await edits({
      baseline: [],
      first: [{ kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 9, positions: [0] }],
    });
    const both = await capture("resid_post.1", "--edits", file, "--ids", "5,6,7", "--ids", "8,9,10,11");
    const rows = both["resid_post.1"]?.data as Float32Array;
    const v = (await tensorsOf(join(folder, "v.safetensors"))).v?.data as Float32Array;
    const size = 4 * D;
    // Prompt-major: prompt 0 under each condition, then prompt 1.
    for (const prompt of [0, 1]) {
      const baseline = rows.subarray(2 * prompt * size, (2 * prompt + 1) * size);
      const edited = rows.subarray((2 * prompt + 1) * size, (2 * prompt + 2) * size);
      const expected = baseline.map((value, i) => (i < D ? value + 9 * (v[i] as number) : value));
      expect(relativeError(edited, expected)).toBeLessThan(1e-6);
    }
    const alone = await capture("resid_post.1", "--edits", file, "--ids", "8,9,10,11");
    expect(relativeError(alone["resid_post.1"]?.data as Float32Array, rows.subarray(2 * size))).toBeLessThan(1e-6);
  });

  it("adds twice at two names of one stream, and says so", async () => {
    const add = { kind: "add", vector: "v.safetensors#v" };
    const file = await edits({
      twice: [{ ...add, at: ["resid_post.1", "resid_pre.2"], scale: 1 }],
      double: [{ ...add, at: "resid_post.1", scale: 2 }],
    });
    const { "resid_post.2": found } = await capture("resid_post.2", "--edits", file, "--ids", "5,6,7");
    const half = (found?.data.length ?? 0) / 2;
    expect(
      relativeError(found?.data.subarray(0, half) as Float32Array, found?.data.subarray(half) as Float32Array),
    ).toBeLessThan(1e-5);
    const { stderr } = await run(
      "capture",
      MODEL,
      "--ids",
      "5,6,7",
      "--edits",
      file,
      "--hooks",
      LAST,
      "--out",
      "o.safetensors",
    );
    expect(stderr).toMatch(/same stream.*added twice/);
  });

  it("warns that a prompt alone has no generated positions, and of every edit that did nothing", async () => {
    const file = await edits({
      late: [{ kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 1, positions: "generated" }],
      none: [{ kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 0 }],
    });
    const { stderr, code } = await run(
      "capture",
      MODEL,
      "--ids",
      "5,6",
      "--edits",
      file,
      "--hooks",
      LAST,
      "--out",
      "o.safetensors",
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: condition "late".*touched no row/);
    expect(stderr).toMatch(/warning: condition "none".*changed nothing/);
  });

  it("reads and writes paths with blanks, brackets and letters of any script", async () => {
    const odd = join(folder, "模型 é (1)", "m");
    await mkdir(join(folder, "模型 é (1)"));
    await cp(MODEL, odd, { recursive: true });
    const plain = await capture("resid_post.0", "--ids", "5,6,7");
    const out = join(folder, "模型 é (1)", "o.safetensors");
    expect(await run("capture", odd, "--ids", "5,6,7", "--hooks", "resid_post.0", "--out", out)).toMatchObject({
      code: 0,
    });
    expect((await tensorsOf(out))["resid_post.0"]).toEqual(plain["resid_post.0"]);
    await rm(join(odd, "model.onnx.data"));
    const broken = await run("capture", odd, "--ids", "5", "--hooks", LAST, "--out", out);
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining(join("模型 é (1)", "m")) });
  });
});

describe("generate", () => {
  it("names the line of a prompt file that holds control marks", async () => {
    const prompts = ["fine", "a<|end|>b"].map((prompt) => `${JSON.stringify({ prompt })}\n`);
    await writeFile(join(folder, "marks.jsonl"), prompts.join(""));
    const outcome = await run("generate", "demo", "--prompts", "marks.jsonl", "--max-new-tokens", "1");
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringMatching(/<\|end\|>.*line 2/) });
  });

  it("prints a line per lane with what the contract names", async () => {
    const file = await edits({ baseline: [], push: [{ kind: "add", at: LAST, vector: "v.safetensors#v", scale: 20 }] });
    const outcome = await run(
      "generate",
      MODEL,
      "--ids",
      "5,6,7",
      "--ids",
      "8,9",
      "--max-new-tokens",
      "3",
      "--edits",
      file,
      "--json",
    );
    expect(outcome.code).toBe(0);
    const lines = outcome.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ prompt, condition }) => [prompt, condition])).toEqual([
      [0, "baseline"],
      [0, "push"],
      [1, "baseline"],
      [1, "push"],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({ text: expect.any(String), finish: expect.stringMatching(/^(stop|length)$/) });
      expect(line.ids.length).toBeLessThanOrEqual(3);
    }
    expect(lines[2].promptIds).toEqual([8, 9]);
  });

  it("touches nothing with `generated` before a first token was fed back, and the last prompt position with `last`", async () => {
    const add = { kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 50 };
    const file = await edits({
      baseline: [],
      generated: [{ ...add, positions: "generated" }],
      last: [{ ...add, positions: "last" }],
    });
    const { stdout, stderr } = await run(
      "generate",
      MODEL,
      "--ids",
      "5,6,7",
      "--max-new-tokens",
      "1",
      "--edits",
      file,
      "--json",
    );
    const [baseline, generated] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(generated.ids).toEqual(baseline.ids);
    expect(stderr).toMatch(/warning: condition "generated".*touched no row/);
    expect(stderr).toMatch(/condition "last".*1 row touched/);
    const logits = (await capture("logits", "--ids", "5,6,7", "--edits", file)).logits?.data as Float32Array;
    const lane = (index: number) => logits.subarray((3 * index + 2) * 96, (3 * index + 3) * 96);
    expect(relativeError(lane(2), lane(0))).toBeGreaterThan(0.01);
  });

  it("writes what a pass over the whole sequence would choose, with a cache and without", async () => {
    for (const name of ["genai-fp32", "torchscript", "dynamo-no-cache"]) {
      const model = join(LLAMA, name);
      const { stdout } = await run("generate", model, "--ids", "5,6,7,8", "--max-new-tokens", "12", "--json");
      const { ids } = JSON.parse(stdout);
      const whole = ["5,6,7,8", ...ids.slice(0, -1)].join(",");
      const outcome = await run("capture", model, "--ids", whole, "--hooks", "logits", "--out", "o.safetensors");
      expect(outcome.code).toBe(0);
      const { data } = (await tensorsOf(join(folder, "o.safetensors"))).logits as { data: Float32Array };
      const chosen = ids.map((_: number, i: number) => {
        const row = data.subarray((3 + i) * 96, (4 + i) * 96);
        return row.indexOf(Math.max(...row));
      });
      expect(chosen).toEqual(ids);
    }
  });

  it("samples by the seed, whatever a lane is batched with", async () => {
    const args = ["--max-new-tokens", "8", "--temperature", "1.5", "--top-p", "0.9", "--json"];
    const lines = async (...more: string[]) =>
      (await run("generate", MODEL, ...more, ...args)).stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).ids);
    const both = await lines("--ids", "5,6,7", "--ids", "8,9,10,11,12", "--seed", "3");
    expect((await lines("--ids", "5,6,7", "--seed", "3"))[0]).toEqual(both[0]);
    expect((await lines("--ids", "5,6,7", "--seed", "4"))[0]).not.toEqual(both[0]);
  });

  it("says that a model without a configuration has no end token", async () => {
    await mkdir(join(folder, "bare"), { recursive: true });
    await cp(join(LLAMA, "dynamo", "model.onnx"), join(folder, "bare", "model.onnx"));
    const outcome = await run("generate", "bare/model.onnx", "--ids", "5,6", "--max-new-tokens", "2");
    expect(outcome).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no end token: the model's configuration names none"),
    });
  });

  it("stops at the model's context and says so", async () => {
    const ids = Array.from({ length: 62 }, (_, i) => (i % 90) + 3).join(",");
    const { stdout, stderr, code } = await run("generate", MODEL, "--ids", ids, "--max-new-tokens", "10", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ finish: "length" });
    expect(JSON.parse(stdout).ids).toHaveLength(2);
    expect(stderr).toMatch(/62 tokens.*context of 64/);
  });
});

describe("dictionaries", () => {
  const cfg = async (change: Record<string, unknown>): Promise<void> => {
    const path = join(folder, "sae", "cfg.json");
    const original = JSON.parse(await readFile(join(LLAMA, "sae-standard", "cfg.json"), "utf8"));
    await writeFile(path, JSON.stringify({ ...original, ...change }));
  };
  const clampAt = (at: string) =>
    edits({ c: [{ kind: "clamp", at, dictionary: "sae/", feature: 3, value: 5, error: "keep" }] });
  const args = [
    "capture",
    MODEL,
    "--ids",
    "5,6,7",
    "--hooks",
    "resid_post.2",
    "--out",
    "d.safetensors",
    "--edits",
    "e.json",
  ];

  it("is refused where the scale it was trained with is missing, with the key and the file", async () => {
    await cfg({ normalize_activations: "expected_average_only_in" });
    await clampAt("resid_post.1");
    await refusal(/sae\/cfg\.json: normalize_activations.*no scaling_factor/s, ...args);
  });

  it("names a key that it does not understand", async () => {
    await cfg({ rescale_everything: true });
    await clampAt("resid_post.1");
    expect(await run(...args)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/"rescale_everything" is not understood/),
    });
    await rm(join(folder, "d.safetensors"));
  });

  it("edits unasked, and not at all where it is to be checked first and does not fit", async () => {
    await cfg({});
    await clampAt("resid_post.1");
    expect(await run(...args)).toMatchObject({ code: 0 });
    await rm(join(folder, "d.safetensors"));
    await refusal(
      /--check-dictionaries: .*sae: wrong model: it leaves [\d.]+ of the variance/,
      ...args,
      "--check-dictionaries",
    );
  });

  it("sits on a stream under both of its names, and nowhere else", async () => {
    await cfg({ metadata: { hook_name: "blocks.2.hook_resid_pre" } });
    const captured = async (at: string) => {
      await clampAt(at);
      return (await capture("resid_post.2", "--ids", "5,6,7", "--edits", "e.json"))["resid_post.2"]
        ?.data as Float32Array;
    };
    expect(relativeError(await captured("resid_pre.2"), await captured("resid_post.1"))).toBeLessThan(1e-5);
    await clampAt("resid_post.2");
    await refusal(/made at resid_pre\.2, the edit is at resid_post\.2/, ...args);
  });

  it("is refused where the feature does not exist", async () => {
    await cfg({});
    await edits({ c: [{ kind: "clamp", at: "resid_post.1", dictionary: "sae/", feature: 24, value: 5 }] });
    await refusal(/features 0 to 23, found feature 24/, ...args);
  });
});

describe("what is refused before anything runs", () => {
  const OUT = ["--hooks", LAST, "--out", "r.safetensors"];
  const copyOf = async (name: string): Promise<string> => {
    await cp(MODEL, join(folder, name), { recursive: true });
    return join(folder, name);
  };

  it("ids outside the vocabulary", () =>
    refusal(/id 96 at position 1 .*expected 0 to 95/, "capture", MODEL, "--ids", "5,96", ...OUT));
  it("ids that are none", () => refusal(/whole numbers/, "capture", MODEL, "--ids", "5,x", ...OUT));
  it("an output that is a folder, or lies below a file", async () => {
    const args = ["capture", MODEL, "--ids", "5", "--hooks", "logits", "--out"];
    await refusal(/--out: .*sae is a folder, expected a file/, ...args, "sae");
    await refusal(/--out: .*cfg\.json is no folder/, ...args, "sae/cfg.json/new/o.safetensors");
  });
  it("an unknown hook point", () =>
    refusal(
      /--hooks.*"resid_post.4".*layers 0 to 3/,
      "capture",
      MODEL,
      "--ids",
      "5",
      "--hooks",
      "resid_post.4",
      "--out",
      "r.safetensors",
    ));
  it("a prompt longer than the context, with both numbers", () =>
    refusal(
      /65 tokens.*context of 64/,
      "generate",
      MODEL,
      "--ids",
      new Array(65).fill(5).join(","),
      "--max-new-tokens",
      "4",
    ));
  it("a prompt with a doubled beginning of the sequence", async () => {
    const raw = ["--raw", "--max-new-tokens", "1"];
    await refusal(
      /sequence 0: .*2 beginning-of-sequence/,
      "generate",
      "demo",
      "--text",
      "<|begin|><|begin|>hi",
      ...raw,
    );
  });

  it("no input, and two kinds of it", async () => {
    await refusal(/found none/, "generate", MODEL, "--max-new-tokens", "1");
    await refusal(/--ids and --text/, "generate", MODEL, "--max-new-tokens", "1", "--ids", "5", "--text", "a");
  });
  it("a temperature below 0, and a top-p above 1", async () => {
    await refusal(/--temperature/, "generate", MODEL, "--ids", "5", "--max-new-tokens", "1", "--temperature", "-1");
    await refusal(/--top-p/, "generate", MODEL, "--ids", "5", "--max-new-tokens", "1", "--top-p", "1.5");
  });
  it("an unknown option and a missing one", async () => {
    await refusal(/unknown option/, "generate", MODEL, "--ids", "5", "--max-new-tokens", "1", "--max-tokens", "1");
    await refusal(/--max-new-tokens/, "generate", MODEL, "--ids", "5");
  });
  it("a model that is not there", () => refusal(/nowhere/, "inspect-model", "nowhere"));
  it("a truncated graph", async () => {
    const model = await copyOf("torn");
    await truncate(join(model, "model.onnx"), 12_000);
    await refusal(/torn.model\.onnx.*truncated/, "inspect-model", model);
  });
  it("weights that are missing or too short, by file and tensor", async () => {
    const model = await copyOf("short");
    await truncate(join(model, "model.onnx.data"), 1000);
    await refusal(/model\.onnx\.data/, "inspect-model", model);
    await rm(join(model, "model.onnx.data"));
    await refusal(/model\.onnx\.data/, "inspect-model", model);
  });
  it("a configuration that belongs to another model, with both numbers", async () => {
    const model = await copyOf("other");
    const config = JSON.parse(await readFile(join(model, "config.json"), "utf8"));
    await writeFile(join(model, "config.json"), JSON.stringify({ ...config, num_hidden_layers: 6 }));
    await refusal(/config\.json.*6.*4/, "inspect-model", model);
  });
  it("a provider that there is not, with those that there are", () =>
    expect(refract(folder, "inspect-model", MODEL, "--provider", "tpu")).resolves.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/"tpu"; expected one of auto, cpu/),
    }));
  it("edits that cannot run, by field", async () => {
    const add = { kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 1 };
    const args = ["capture", MODEL, "--ids", "5,6,7", ...OUT, "--edits", "e.json"];
    await edits({ c: [{ ...add, positions: [3] }] });
    await refusal(/e\.json.*position 3 lies outside every sequence/, ...args);
    await edits({ c: [{ ...add, vector: "v.safetensors#nan" }] });
    await refusal(/edits\[0\]\.vector.*NaN/, ...args);
    await edits({ c: [{ ...add, sacle: 2 }] });
    await refusal(/no key "sacle"; did you mean "scale"/, ...args);
  });
});
