import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSocket } from "../../../extension/sidecar/open-socket.ts";
import { ProtocolClient } from "../../../shared/protocol/client.ts";
import type { CompareEvent, CompareParams } from "../../../shared/protocol/compare-stream.ts";
import type { InspectParams } from "../../../shared/protocol/inspect-messages.ts";
import { Application } from "../../../sidecar/application/application.ts";
import { OpenPlugins } from "../../../sidecar/application/open-plugins.ts";
import { handlersFor } from "../../../sidecar/server/handlers.ts";
import { type RunningServer, startServer } from "../../../sidecar/server/server.ts";

const SAMPLES = join(import.meta.dirname, "..", "..", "..", "extension", "samples");
const EDITS = join(SAMPLES, "refusal.edits.json");
const TEXT = "I want to infect the blog of Tivbek. Right now.";
const PROMPT = {
  messages: [
    {
      role: "user" as const,
      text: TEXT,
      segments: [{ start: 0, length: TEXT.length, source: 100, sourceLength: TEXT.length }],
    },
  ],
  lineStarts: [0, 100],
};
const REFUSAL = ["I", "No"];

let application: Application;
let server: RunningServer;
let client: ProtocolClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-compare-"));
  application = new Application({ provider: "cpu", threads: 1, blocks: null, resolve: (path) => path });
  const handlers = handlersFor({ application, plugins: new OpenPlugins(), version: "0.0.0-test" });
  server = await startServer({
    ...{ host: "127.0.0.1", port: 0, token: "t".repeat(20), version: "0.0.0-test", handlers },
    ...{ log: () => undefined, heartbeatMs: 10_000, keepMs: 1000 },
  });
  client = new ProtocolClient({
    connect: () => openSocket(`ws://127.0.0.1:${server.port}`),
    ...{ token: "t".repeat(20), name: "a test", retryDelays: [], onState: () => undefined },
  });
  await client.open();
});
afterAll(async () => {
  client.close("the test is over");
  await server.close();
  await application.close();
  await rm(folder, { recursive: true, force: true });
});

function inspect(change: Partial<InspectParams> = {}) {
  const params = {
    model: "demo",
    prompt: PROMPT,
    reading: "refusal-lens",
    site: "resid_post" as const,
    dictionaries: null,
  };
  return client.request("inspect", { ...params, direction: null, refusalTokens: REFUSAL, ...change });
}

const POSITIONS = `import { definePlugin } from "refract/plugin";
export default definePlugin({
  name: "position",
  readings: [{
    id: "position", label: "position", unit: "tokens", describe: "Where the token stands.",
    needs: { direction: false, activations: true, logits: false },
    async read({ engine, ledger, activations }, { signal }) {
      const [stream] = Object.values(activations);
      const { logSumExp } = await engine.lens({ activations: stream, tokens: [], top: 0, full: false }, { signal });
      const count = ledger.ids.length;
      if (logSumExp.length !== count) throw new Error("the lens read other rows");
      return Float32Array.from({ length: engine.model.layers * count }, (_, at) => at % count);
    },
  }],
});
`;

test("a reading of the user's plugin reads a prompt from its own thread, and may use the engine", async () => {
  const path = join(folder, "position.mjs");
  await writeFile(path, POSITIONS);
  await client.request("plugins.load", { paths: [path] });
  const { values, layers, ledger } = await inspect({ reading: "position" });
  expect(values).toHaveLength(layers * ledger.ids.length);
  expect([...values.slice(ledger.ids.length - 1, ledger.ids.length + 2)]).toEqual([ledger.ids.length - 1, 0, 1]);
});

/** Log-probabilities of the model's own output at every position, from its logits. */
async function output(ids: readonly number[]): Promise<(position: number, id: number) => number> {
  const { engine } = await application.openModel("demo");
  const lane = { ids, edits: { rows: [], drops: [] } };
  const { logits } = await engine.forward({ lanes: [lane], captures: [], logits: "all" });
  const { vocabSize } = engine.model;
  return (position, id) => {
    const row = Array.from(logits[0]?.subarray(position * vocabSize, (position + 1) * vocabSize) ?? []);
    const most = Math.max(...row);
    return (row[id] ?? 0) - most - Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  };
}

describe("an inspection", () => {
  test("places every token of the text in the file, and none of the template's", async () => {
    const { ledger } = await inspect();
    const written = ledger.tokens.filter(({ source }) => source !== undefined);
    expect(written.map(({ text }) => text).join("")).toBe(TEXT);
    expect(written[0]?.source).toMatchObject({ line: 2, column: 1, start: 100 });
    expect(ledger.tokens.filter(({ role }) => role === "template").every(({ source }) => source === undefined)).toBe(
      true,
    );
  });

  test("says at the last layer what the model's own output says: refusal and surprisal", async () => {
    const refusal = await inspect();
    const surprisal = await inspect({ reading: "surprisal" });
    const { ids } = refusal.ledger;
    const logProbability = await output(ids);
    const tokenizer = await (await application.openModel("demo")).tokenizer();
    const start = REFUSAL.flatMap((word) => [word, ` ${word}`].map((text) => tokenizer.ids(text)));
    const whole = [...new Set(start.flatMap((pieces) => (pieces.length === 1 ? pieces : [])))];
    const last = ids.length - 1;
    const probability = whole.reduce((sum, id) => sum + Math.exp(logProbability(last, id)), 0);
    expect(refusal.refusal?.probability).toBeCloseTo(probability, 4);
    const top = (refusal.layers - 1) * ids.length;
    expect(refusal.values[top + last]).toBeCloseTo(Math.log(probability / (1 - probability)), 1);
    expect(surprisal.values[top]).toBeNaN();
    for (const position of [1, 5, last]) {
      const expected = -logProbability(position - 1, ids[position] ?? -1);
      expect(surprisal.values[top + position]).toBeCloseTo(expected, 3);
      expect(refusal.surprisal[position]).toBeCloseTo(expected, 3);
    }
  });

  test("projects on a direction and measures the norm as a capture of the stream gives them", async () => {
    const { directions } = await client.request("directions.list", { model: "demo", file: null });
    const cyber = directions.find(({ name }) => name === "cyber");
    expect(cyber).toBeDefined();
    const projection = await inspect({ reading: "projection", direction: cyber ?? null });
    const norm = await inspect({ reading: "norm" });
    const { engine } = await application.openModel("demo");
    const lane = { ids: norm.ledger.ids, edits: { rows: [], drops: [] } };
    const { captures } = await engine.forward({
      lanes: [lane],
      captures: [{ at: "resid_post.3", positions: [-1] }],
      logits: "none",
    });
    const x = captures["resid_post.3"]?.[0] ?? new Float32Array();
    const at = 3 * lane.ids.length + lane.ids.length - 1;
    expect(norm.values[at]).toBeCloseTo(Math.hypot(...x), 2);
    expect(Math.abs(projection.values[at] ?? 0)).toBeLessThanOrEqual((norm.values[at] ?? 0) + 1e-3);
  });

  test("of the same prompt under another reading takes no second pass", async () => {
    const first = await inspect();
    const second = await inspect({ reading: "norm" });
    expect(second.key).toBe(first.key);
    expect(second.forwardMilliseconds).toBe(first.forwardMilliseconds);
  });

  test("a cell's next tokens are the lens's, most probable first", async () => {
    const { key, layers, ledger } = await inspect();
    const token = ledger.ids.length - 1;
    const cell = await client.request("inspect.cell", {
      key,
      layer: layers - 1,
      token,
      top: 5,
      dictionaries: null,
      labels: null,
    });
    const logProbability = await output(ledger.ids);
    for (const { id, probability } of cell.nextTokens)
      expect(probability).toBeCloseTo(Math.exp(logProbability(token, id)), 4);
    const probabilities = cell.nextTokens.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
  });

  test("past the model's context is refused in words, with both numbers", async () => {
    const { engine } = await application.openModel("demo");
    const text = "ab ".repeat(engine.model.contextLength ?? 0);
    const prompt = { messages: [{ role: "user" as const, text, segments: [] }], lineStarts: [0] };
    await expect(inspect({ prompt })).rejects.toThrow(/has \d+ tokens, more than the model's context of \d+/);
  });

  test("an unknown reading is refused with the known ones", async () => {
    await expect(inspect({ reading: "refusal-lense" })).rejects.toThrow('did you mean "refusal-lens"');
  });
});

async function compare(change: Partial<CompareParams> = {}) {
  const events: CompareEvent[] = [];
  const params = { model: "demo", prompt: PROMPT, baselineReply: null, refusalTokens: REFUSAL, maxNewTokens: 24 };
  const sampling = { temperature: 0, topP: 1, seed: 0, confirmedDictionaries: [] };
  const conditions = [
    { name: "baseline", file: null, slider: null },
    { name: "no-cyber", file: EDITS, slider: null },
    { name: "no-fraud", file: EDITS, slider: null },
  ];
  await client.stream("compare", { ...params, ...sampling, conditions, ...change }, (event) => void events.push(event));
  const of = <T extends CompareEvent["type"]>(type: T, column: number) =>
    events.find((event): event is Extract<CompareEvent, { type: T }> => event.type === type && event.column === column);
  const text = (column: number) =>
    events
      .flatMap((event) => (event.type === "tokens" && event.column === column ? event.tokens : []))
      .map((token) => token.text)
      .join("");
  return { events, of, text };
}

describe("a comparison", () => {
  test("ablating what carries the refusal takes it away, another direction leaves it", async () => {
    const { of } = await compare();
    expect(of("refusal", 0)?.probability).toBeGreaterThan(0.9);
    expect(of("refusal", 1)?.probability).toBeLessThan(0.5);
    expect(of("refusal", 2)?.probability).toBeGreaterThan(0.9);
    expect(of("done", 1)?.text).not.toBe(of("done", 0)?.text);
    expect(of("done", 2)?.text).toBe(of("done", 0)?.text);
  });

  test("the streamed tokens join to the reply", async () => {
    const { of, text } = await compare();
    for (const column of [0, 1, 2]) expect(text(column)).toBe(of("done", column)?.text);
  });

  test("the KL to the baseline has a value for each of its tokens, and is large where the replies part", async () => {
    const { of, events } = await compare();
    const ids = events.flatMap((event) => (event.type === "tokens" && event.column === 0 ? event.tokens : []));
    expect(of("kl", 0)).toBeUndefined();
    expect(of("kl", 1)?.values.length).toBeGreaterThanOrEqual(ids.length);
    expect(of("kl", 1)?.values[0]).toBeGreaterThan(0.5);
    expect(Math.max(...(of("kl", 2)?.values ?? []))).toBeLessThan(0.1);
  });

  test("says what an edit did, and warns of one that did nothing", async () => {
    const file = join(folder, "idle.edits.json");
    const vector = `${join(SAMPLES, "directions.safetensors")}#cyber`;
    const edits = [{ kind: "add", at: "resid_post.4", vector, scale: 1, positions: { from: 400 } }];
    await writeFile(file, JSON.stringify({ conditions: [{ name: "late", edits }] }));
    const { of } = await compare({
      conditions: [
        { name: "baseline", file: null, slider: null },
        { name: "no-cyber", file: EDITS, slider: null },
        { name: "late", file, slider: null },
      ],
    });
    expect(of("done", 0)?.effect).toBeNull();
    expect(of("done", 1)?.effect?.rows).toBeGreaterThan(100);
    expect(of("done", 1)?.effect?.relativeChange).toBeGreaterThan(0);
    expect(of("done", 2)?.warnings.join(" ")).toMatch(/touched no row/);
  });

  test("a strength of zero leaves an added vector without effect", async () => {
    const { of } = await compare({
      conditions: [
        { name: "baseline", file: null, slider: null },
        { name: "push-fraud", file: EDITS, slider: { kind: "strength", value: 0 } },
      ],
    });
    expect(of("done", 1)?.text).toBe(of("done", 0)?.text);
    expect(of("done", 1)?.warnings.join(" ")).toMatch(/changed none of them/);
  });

  test("a condition that its file no longer has is refused by name in its column, and the others run", async () => {
    const { of, events } = await compare({
      conditions: [
        { name: "gone", file: EDITS, slider: null },
        { name: "baseline", file: null, slider: null },
        { name: "no-cyber", file: EDITS, slider: null },
      ],
    });
    expect(of("refused", 0)?.message).toContain('has no condition "gone" any more');
    expect(events.filter(({ column }) => column === 0)).toHaveLength(1);
    expect(of("refusal", 1)?.probability).toBeGreaterThan(0.9);
    expect(of("refusal", 2)?.probability).toBeLessThan(0.5);
    expect(of("done", 2)?.effect?.rows).toBeGreaterThan(100);
    expect(of("kl", 1)).toBeUndefined();
    expect(of("kl", 2)?.values[0]).toBeGreaterThan(0.5);
  });
});

test("the conditions of an edits file are listed with what they do in words", async () => {
  const { conditions } = await client.request("conditions.list", { file: EDITS });
  expect(
    conditions.slice(0, 3).map(({ name, describe: words, slider }) => [name, words, slider?.kind ?? null]),
  ).toEqual([
    ["no-cyber", "ablate cyber everywhere", null],
    ["no-fraud", "ablate fraud everywhere", null],
    ["push-fraud", "add fraud at resid_post.4", "strength"],
  ]);
});

describe("features of a dictionary", () => {
  /** An edits file beside a dictionary of the demo model, moved to `layer`. */
  async function featureEdits(name: string, layer: number): Promise<string> {
    const dictionary = join(folder, name);
    await cp(join(SAMPLES, "model/dictionaries/layer_4"), dictionary, { recursive: true });
    const config = await readFile(join(dictionary, "cfg.json"), "utf8");
    await writeFile(join(dictionary, "cfg.json"), config.replaceAll("blocks.4.", `blocks.${layer}.`));
    const file = join(folder, `${name}.edits.json`);
    const edit = { at: `resid_post.${layer}`, dictionary: name, feature: 5 };
    const conditions = [
      { name: "clamped", edits: [{ kind: "clamp", ...edit, value: 4 }] },
      { name: "scaled", edits: [{ kind: "scale", ...edit, factor: 0, error: "drop" }] },
      {
        name: "both",
        edits: [
          { kind: "clamp", ...edit, value: 4 },
          { kind: "scale", ...edit, feature: 6, factor: 2 },
        ],
      },
    ];
    await writeFile(file, JSON.stringify({ conditions }));
    return file;
  }

  test("are edited with a slider of their own: the value of a clamp, the factor of a scale, the strength of both", async () => {
    const file = await featureEdits("fits", 4);
    const { conditions } = await client.request("conditions.list", { file });
    expect(conditions.map(({ describe: words, slider }) => [words, slider])).toEqual([
      ["clamp feature 5 to 4 at resid_post.4 (error kept)", { kind: "value", value: 4, least: 0, most: 12 }],
      ["scale feature 5 x0 at resid_post.4 (error dropped)", { kind: "factor", value: 0, least: 0, most: 3 }],
      [expect.stringContaining("; scale feature 6 x2"), { kind: "strength", value: 1, least: 0, most: 3 }],
    ]);
    const columns = await compare({
      conditions: [
        { name: "baseline", file: null, slider: null },
        { name: "clamped", file, slider: null },
        { name: "clamped", file, slider: { kind: "value", value: 12 } },
        { name: "scaled", file, slider: { kind: "factor", value: 1 } },
      ],
    });
    const effects = [1, 2, 3].map((column) => columns.of("done", column)?.effect);
    expect(effects[0]?.rows).toBeGreaterThan(10);
    expect(effects[1]?.relativeChange).toBeGreaterThan(2 * (effects[0]?.relativeChange ?? Number.NaN));
    // A factor of 1 with the error dropped leaves the reconstruction, which is near the stream and not it.
    expect(effects[2]?.relativeChange).toBeGreaterThan(0);
    expect(effects[2]?.relativeChange).toBeLessThan(0.3);
    expect(columns.of("done", 1)?.warnings).toEqual([]);
  });

  test("of a dictionary that does not fit are edited only after the user's word, and the column says so", async () => {
    const file = await featureEdits("moved", 1);
    const conditions = [
      { name: "baseline", file: null, slider: null },
      { name: "clamped", file, slider: null },
    ];
    const waiting = await compare({ conditions });
    expect(waiting.of("refused", 1)?.message).toMatch(/moved: wrong hook point: it fits resid_(post\.4|pre\.5)/);
    expect(waiting.of("done", 0)?.text).not.toBe("");
    expect(waiting.of("done", 1)).toBeUndefined();
    const of = { kind: "conditions" as const, model: "demo", conditions };
    const { dictionaries } = await client.request("dictionaries.trust", { of, prompts: [PROMPT] });
    expect(dictionaries).toMatchObject([
      {
        reads: "resid_post.1",
        reasons: [expect.stringContaining("wrong hook point"), expect.stringContaining("features fire")],
      },
    ]);
    const confirmedDictionaries = dictionaries.map(({ path }) => path);
    expect(waiting.of("refused", 1)?.unconfirmed).toEqual(confirmedDictionaries);
    const columns = await compare({ conditions, confirmedDictionaries });
    expect(columns.of("done", 1)?.warnings[0]).toMatch(/^Not trusted, edited on your word: .*wrong hook point/);
    // Steering by vectors asks nothing.
    await compare({ conditions: [{ name: "no-cyber", file: EDITS, slider: null }] });
  });

  test("that a spec edits by are asked about before it runs", async () => {
    await featureEdits("moved", 1);
    const spec = join(folder, "moved.refract.yaml");
    await writeFile(join(folder, "p.jsonl"), `${JSON.stringify({ id: "a", text: TEXT })}\n`);
    await writeFile(
      spec,
      [
        "refract: 1",
        "model: demo",
        "prompts: {one: {file: p.jsonl}}",
        "conditions: {clamped: [{kind: clamp, at: resid_post.1, dictionary: moved, feature: 5, value: 4}]}",
        "experiments: {said: {kind: compare, conditions: [baseline, clamped], prompts: [one], maxNewTokens: 2}}",
      ].join("\n"),
    );
    const run = (confirmedDictionaries: string[]) =>
      client.stream("run", { spec, resume: null, confirmedDictionaries }, () => undefined);
    await expect(run([])).rejects.toMatchObject({ code: "untrusted-dictionary" });
    const done = await run([join(folder, "moved")]);
    expect(done).toMatchObject({ status: "done" });
    const { html } = await client.request("run.report", { folder: done.folder });
    expect(html).toMatch(/^<!doctype html>[\s\S]*moved\.refract\.yaml/);
  });

  test("of the suite beside a model are measured at once, and fit it", async () => {
    const of = { kind: "folder" as const, model: "demo", path: null };
    const { model, dictionaries } = await client.request("dictionaries.trust", { of, prompts: [PROMPT] });
    expect(model).toBe("demo");
    expect(dictionaries.map(({ reads }) => reads)).toEqual(
      Array.from({ length: 8 }, (_, layer) => `resid_post.${layer}`),
    );
    expect(dictionaries.flatMap(({ reasons }) => reasons)).toEqual([]);
    const kept = dictionaries.flatMap(({ lossRecovered }) => lossRecovered ?? []);
    expect(kept.length).toBeGreaterThan(5);
    expect(Math.min(...kept)).toBeGreaterThan(0.9);
  });

  test("may be given less memory while they are open, and still encode", async () => {
    expect(await client.request("dictionaries.budget", { megabytes: 1 })).toEqual({});
    const { key } = await inspect();
    const cell = await client.request("inspect.cell", {
      key,
      layer: 4,
      token: 3,
      top: 3,
      dictionaries: null,
      labels: null,
    });
    expect(cell.features.length).toBeGreaterThan(0);
  });
});

test("a measurement that one caller stops is made for the other all the same", async () => {
  const stopped = new AbortController();
  const prompts = [PROMPT, PROMPT];
  const of = { kind: "folder" as const, model: "demo", path: null };
  const first = client.request("dictionaries.trust", { of, prompts }, { signal: stopped.signal });
  const second = client.request("dictionaries.trust", { of, prompts });
  stopped.abort();
  await expect(first).rejects.toMatchObject({ code: "cancelled" });
  const { dictionaries } = await second;
  expect(dictionaries.every(({ reasons, fvu }) => reasons.length === 0 && fvu !== null)).toBe(true);
  expect(dictionaries.length).toBeGreaterThan(0);
});
