import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { EngineClient } from "../../../sidecar/engine/process/engine-client.ts";

const MODEL = join(import.meta.dirname, "..", "..", "fixtures", "models", "llama", "genai-fp32");
const NOTHING = { rows: [], drops: [] };
const LANE = { ids: [5, 6, 7], edits: NOTHING };
const EVERYTHING: HookPoint[] = ["resid_pre.0", "resid_post.3"];

let engine: EngineClient;
beforeAll(async () => {
  engine = await EngineClient.open({
    path: MODEL,
    provider: "cpu",
    threads: 1,
    blocks: 2,
    checkedFolder: mkdtempSync(join(tmpdir(), "refract-test-")),
  });
});
afterAll(() => engine.close());

const forward = () =>
  engine.forward({ lanes: [LANE], captures: EVERYTHING.map((at) => ({ at, positions: "all" })), logits: "last" });
const generate = (maxNewTokens: number, signal?: AbortSignal, onToken?: (lane: number, id: number) => void) =>
  engine.generate(
    { lanes: [LANE], maxNewTokens, temperature: 0, topP: 1, seeds: [0], endTokens: [] },
    { ...(signal === undefined ? {} : { signal }), ...(onToken === undefined ? {} : { onToken }) },
  );

it("tells how far the check and the weights are while the first call waits for them, and nothing afterwards", async () => {
  const told: string[] = [];
  const stop = engine.onLoading(({ stage, fraction }) => told.push(`${stage} ${fraction.toFixed(2)}`));
  await forward();
  expect(told).toEqual([
    ...[0, 3, 4, 5, 6].map((done) => `checking the cut model ${(done / 6).toFixed(2)}`),
    ...[0, 1, 2].map((done) => `loading weights ${(done / 2).toFixed(2)}`),
  ]);
  await forward();
  expect(told).toHaveLength(8);
  stop();
});

it("answers from another process with whole arrays", async () => {
  expect(engine.processId).not.toBe(process.pid);
  const { captures, logits } = await forward();
  expect(captures["resid_post.3"]?.[0]).toHaveLength(3 * engine.model.dModel);
  expect(logits[0]).toHaveLength(engine.model.vocabSize);
});

it("sends tokens as they come", async () => {
  const seen: number[] = [];
  const { lanes } = await generate(8, undefined, (_lane, id) => seen.push(id));
  expect(seen).toEqual(lanes[0]?.ids);
});

it("brings large results over whole", async () => {
  const ids = Array.from({ length: 60 }, (_, i) => i % 90);
  const lanes = Array.from({ length: 24 }, () => ({ ids, edits: NOTHING }));
  const captures = engine.model.hookPoints.map((at) => ({ at, positions: "all" }) as const);
  const { captures: found, logits } = await engine.forward({ lanes, captures, logits: "all" });
  const all = Object.values(found).flatMap((rows) => rows ?? []);
  expect(all).toHaveLength(24 * engine.model.hookPoints.length);
  expect(all.reduce((sum, rows) => sum + rows.byteLength, 0)).toBeGreaterThan(512 * 1024);
  expect(all.every((rows) => rows.every(Number.isFinite))).toBe(true);
  expect(logits.every((rows) => rows.length === 60 * engine.model.vocabSize)).toBe(true);
});

it("stops between steps when its signal is aborted, and goes on with the next call", async () => {
  const controller = new AbortController();
  const stopped = generate(60, controller.signal, () => controller.abort());
  await expect(stopped).rejects.toMatchObject({ code: "cancelled" });
  expect((await generate(3)).lanes[0]?.ids).toHaveLength(3);
});

it("tells every caller when the process dies, and starts a new one for the next call", async () => {
  const before = await forward();
  const killed = engine.processId as number;
  const waiting = [generate(60), forward()];
  const outcomes = Promise.allSettled(waiting);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(killed, "SIGKILL");
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "engine-died" } });
    if (outcome.status === "rejected") expect(outcome.reason.message).toMatch(/engine process ended \(SIGKILL\)/);
  }
  const after = await forward();
  expect(engine.processId).not.toBe(killed);
  expect(after.captures["resid_post.3"]?.[0]).toEqual(before.captures["resid_post.3"]?.[0]);
});

it("refuses a model that is none before it answers anything", async () => {
  const opening = EngineClient.open({
    path: "/nowhere",
    provider: "cpu",
    threads: 1,
    blocks: null,
    checkedFolder: null,
  });
  await expect(opening).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("/nowhere") });
});

it("refuses what the model cannot take, and the process lives on", async () => {
  const process = engine.processId;
  await expect(
    engine.forward({ lanes: [{ ids: [96], edits: NOTHING }], captures: [], logits: "last" }),
  ).rejects.toMatchObject({
    code: "refused",
    message: expect.stringMatching(/id 96 .* outside the vocabulary/),
  });
  expect(engine.processId).toBe(process);
});

it("reads activations through the head alone as the last layer's logits", async () => {
  const whole = await engine.forward({
    lanes: [LANE],
    captures: [{ at: "resid_post.3", positions: "all" }],
    logits: "all",
  });
  const activations = whole.captures["resid_post.3"]?.[0] as Float32Array;
  const logits = whole.logits[0] as Float32Array;
  const read = await engine.lens({ activations, tokens: [3, 70], top: 5, full: true });
  const vocab = engine.model.vocabSize;
  const row = [...logits.subarray(2 * vocab)];
  const order = row.map((_, id) => id).sort((a, b) => (row[b] as number) - (row[a] as number));
  expect([...read.topIds.subarray(10)]).toEqual(order.slice(0, 5));
  expect(read.logits[5]).toBeCloseTo(row[70] as number, 5);
  expect(read.logSumExp[2]).toBeCloseTo(Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)), 5);
  expect(Math.max(...read.full.map((value, i) => Math.abs(value - (logits[i] as number))))).toBeLessThan(1e-5);
});
