import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import type { HookPoint } from "../../../../shared/engine/hook-point.ts";
import type { Block, CutModel, Instrumentation } from "../../../../sidecar/engine/cut/block.ts";
import { cutModel, mappedModel } from "../../../../sidecar/engine/cut/cut-model.ts";
import { readSafetensorsFloats, readSafetensorsHeader } from "../../../../sidecar/files/safetensors.ts";
import { applyRows, type TestRow } from "../../../support/engine/apply-rows.ts";
import { fixture, fixtureExports } from "../fixture-models.ts";
import { difference, runChain, runUntouched } from "./block-chain.ts";
import { slotFeeds } from "./slot-feeds.ts";

const nothing: Instrumentation = { slots: [], dictionaries: [], captures: [] };
const everyCapture = (block: Block): Instrumentation => ({ ...nothing, captures: block.hookPoints });
/** Float16 values have 11 bits: two roundings of the largest value. */
const tolerance = (precision: string) => (precision === "fp16" ? 1e-3 : 1e-6);
/**
 * The formula's value here comes from the capture, which is rounded already: the row's own factor (|g - c| |u| |v|, up to 2 with these rows) carries
 * that rounding further, beside the edited stream's own.
 */
const editTolerance = (precision: string) => (precision === "fp16" ? 1.5e-3 : 2e-6);
/** What ONNX Runtime's CPU provider has no operators for. */
const needsGpu = (name: string) =>
  name === "qwen3/genai-fp16" || name === "gemma3/genai-fp16" || name === "gemma2/genai-fp16";

const exportsOnCpu = fixtureExports().filter(({ name }) => !needsGpu(name));

test("the fixtures hold exports by three exporters of every architecture", () => {
  const exporters = new Set(exportsOnCpu.map(({ export: { exporter } }) => exporter));
  expect([...exporters].sort()).toEqual(["dynamo", "genai", "torchscript"]);
});

describe.each(exportsOnCpu)("$name", ({ path, golden, export: { precision } }) => {
  let whole: CutModel;
  let halves: CutModel;
  let layerByLayer: CutModel;
  let untouched: Awaited<ReturnType<typeof runUntouched>>;

  beforeAll(async () => {
    whole = cutModel(path, { blocks: 1 });
    halves = cutModel(path, { blocks: 2 });
    layerByLayer = cutModel(path, { blocks: golden.layers });
    untouched = await runUntouched(mappedModel(path), whole);
  }, 60_000);

  test("names PyTorch's hook points", () => {
    expect(whole.hookPoints).toEqual(golden.hookPoints);
    expect(whole.layers).toBe(golden.layers);
    expect(whole.dModel).toBe(golden.dModel);
    expect(whole.vocabSize).toBe(golden.vocabSize);
  });

  test("block after block equals the untouched export", async () => {
    const { outputs } = untouched;
    for (const model of [whole, halves, layerByLayer]) {
      const chain = await runChain(model, () => nothing);
      for (const [name, value] of Object.entries(chain.outputs)) {
        expect(difference(value, outputs[name]), name).toBeLessThanOrEqual(tolerance(precision));
      }
      expect(Object.keys(chain.outputs)).toContain("logits");
    }
  });

  test("a capture is the same tensor declared an output of the untouched export", async () => {
    const { stream } = untouched;
    for (const model of [whole, layerByLayer]) {
      const { captures } = await runChain(model, everyCapture);
      for (const at of model.hookPoints) {
        expect(difference(captures[at], stream[at]), at).toBeLessThanOrEqual(tolerance(precision));
      }
    }
  });

  test("empty slot banks and dictionaries everywhere change nothing", async () => {
    const { outputs } = untouched;
    const zero: TestRow = {
      u: null,
      v: new Float32Array(whole.dModel),
      b: 0,
      theta: 0,
      c: 0,
      g: 0,
      touches: () => false,
    };
    for (const kind of ["slots", "dictionaries"] as const) {
      const chain = await runChain(
        halves,
        (block) => ({ ...nothing, [kind]: block.hookPoints }),
        (block, graph) => slotFeeds(graph, kind === "slots" ? block.hookPoints : [], whole.dModel, () => [zero]),
      );
      expect(difference(chain.outputs.logits, outputs.logits), kind).toBeLessThanOrEqual(tolerance(precision));
    }
  });

  test("an edit at any hook point is the slot formula, and what follows goes on from it", async () => {
    const { stream, outputs } = untouched;
    for (const [index, at] of someOf(whole.hookPoints).entries()) {
      const before = stream[at] ?? new Float32Array();
      const rows = twoRows(whole.dModel, index, Math.max(...before.map(Math.abs)));
      const edit = async (kind: "slots" | "dictionaries", own: readonly TestRow[]) =>
        runChain(
          halves,
          (block) => ({ ...everyCapture(block), [kind]: block.hookPoints.filter((point) => point === at) }),
          (block, graph) =>
            slotFeeds(
              graph,
              kind === "slots" ? block.hookPoints.filter((point) => point === at) : [],
              whole.dModel,
              () => own,
            ),
        );
      const edited = await edit("slots", rows);
      const expected = applyRows(before, whole.dModel, rows);
      expect(difference(edited.captures[at], expected), at).toBeLessThanOrEqual(editTolerance(precision));
      expect(difference(edited.outputs.logits, outputs.logits), `${at} reaches the logits`).toBeGreaterThan(1e-4);
      const dropping = rows.map((row) => ({ ...row, drop: true }));
      const dropped = await edit("dictionaries", dropping);
      const replaced = applyRows(before, whole.dModel, dropping);
      expect(difference(dropped.captures[at], replaced), `${at} dropped`).toBeLessThanOrEqual(editTolerance(precision));
      const layer = Number(at.split(".")[1]);
      if (at === "resid_post.1" && layer + 1 < whole.layers && precision === "fp32") {
        const onward = await runChain(layerByLayer, () => nothing, undefined, { layer: layer + 1, stream: expected });
        expect(difference(onward.outputs.logits, edited.outputs.logits), `onward from ${at}`).toBeLessThanOrEqual(1e-5);
      }
    }
  });

  test("a start from a stored activation equals the full pass", async () => {
    const { stream, outputs } = untouched;
    const last = whole.layers - 1;
    const stored = stream[`resid_pre.${last}` as HookPoint] ?? new Float32Array();
    const chain = await runChain(layerByLayer, () => nothing, undefined, { layer: last, stream: stored });
    expect(difference(chain.outputs.logits, outputs.logits)).toBeLessThanOrEqual(precision === "fp16" ? 4e-3 : 1e-5);
  });
});

describe("cheaper forms of packed banks", () => {
  const path = fixture("llama", "genai-fp32");

  test("and packed inputs split in groups, as WebGPU's shaders need, say the same", async () => {
    const model = cutModel(path, { blocks: 1 });
    const u = Float32Array.from({ length: model.dModel }, (_, d) => Math.sin(3 * d + 1) / 4);
    const row: TestRow = { u, v: u, b: 0.5, theta: 0.1, c: 2, g: -1, touches: (at) => at % 3 > 0 };
    const run = (fanOut?: number) =>
      runChain(
        model,
        (block) => ({ ...everyCapture(block), slots: block.hookPoints, ...(fanOut === undefined ? {} : { fanOut }) }),
        (block, graph) => slotFeeds(graph, block.hookPoints, model.dModel, () => [row]),
      );
    const expected = await run();
    for (const fanOut of [2, 7]) {
      const found = await run(fanOut);
      for (const at of model.hookPoints) {
        expect(difference(found.captures[at], expected.captures[at]), at).toBe(0);
      }
      expect(found.reports["refract/slots/coefficients"]).toEqual(expected.reports["refract/slots/coefficients"]);
      expect(found.reports["refract/slots/norms"]).toEqual(expected.reports["refract/slots/norms"]);
    }
  });

  test.each(["linear", "projection", "everywhere"] as const)(
    "%s rows do what they do in the general form",
    async (form) => {
      const model = cutModel(path, { blocks: 2 });
      const u = Float32Array.from({ length: model.dModel }, (_, d) => Math.sin(3 * d + 1) / 4);
      const row: TestRow = {
        u,
        v: u,
        b: 0,
        theta: Number.NEGATIVE_INFINITY,
        c: form === "linear" ? 2 : 0,
        g: -1,
        touches: (at) => form === "everywhere" || at % 3 > 0,
      };
      const found = await Promise.all(
        (["general", form] as const).map((wanted) =>
          runChain(
            model,
            (block) => ({ ...everyCapture(block), slots: block.hookPoints, form: wanted }),
            (block, graph) => slotFeeds(graph, block.hookPoints, model.dModel, () => [row]),
          ),
        ),
      );
      for (const at of model.hookPoints) {
        expect(difference(found[1]?.captures[at], found[0]?.captures[at]), at).toBeLessThanOrEqual(1e-6);
      }
    },
  );
});

/** The first hook point, the last, and what follows attention and the MLP in the second layer. */
function someOf(hookPoints: readonly HookPoint[]): HookPoint[] {
  return hookPoints.filter(
    (at, index) => index === 0 || index === hookPoints.length - 1 || at === "resid_mid.1" || at === "resid_post.1",
  );
}

/** A row that reads the stream and one that does not, on different rows of the batch. */
function twoRows(dModel: number, seed: number, scale: number): TestRow[] {
  const noise = (of: number, size: number) =>
    Float32Array.from({ length: dModel }, (_, d) => size * Math.sin(12.9898 * (d + 1) + 78.233 * (seed + of)));
  return [
    {
      u: noise(1, 1 / Math.sqrt(dModel)),
      v: noise(2, 0.3 * scale),
      b: 0.1,
      theta: 0.05,
      c: 0.3,
      g: -1.5,
      touches: (row) => row % 3 !== 1,
    },
    { u: null, v: noise(3, 0.3 * scale), b: 0, theta: 0, c: 1, g: 0, touches: (row) => row % 2 === 0 },
  ];
}

describe("against PyTorch's forward hooks", () => {
  const inFull = exportsOnCpu.filter(({ export: { precision } }) => precision === "fp32");

  test.each(inFull)("$name has the stream where PyTorch has it", async ({ path, folder, golden }) => {
    const model = cutModel(path);
    const mapped = mappedModel(path);
    const header = await readSafetensorsHeader(join(folder, "golden.safetensors"));
    for (const [sequence, ids] of golden.sequences.entries()) {
      const { stream } = await runUntouched(mapped, model, [ids]);
      for (const at of model.hookPoints) {
        const { shape, data } = await readSafetensorsFloats(header, `baseline/${at}`);
        const [, positions = 0, width = 0] = shape;
        const from = sequence * positions * width;
        const expected = data.subarray(from, from + ids.length * width);
        expect(difference(stream[at], expected), `${at} of sequence ${sequence}`).toBeLessThanOrEqual(2e-4);
      }
    }
  });
});
