import type { Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import type { KvStyle } from "../../../../shared/engine/model-description.ts";
import type { CacheRows, KvInterface } from "../../../../sidecar/engine/cut/block.ts";
import { type CachePolicy, KvCache } from "../../../../sidecar/engine/run/kv-cache.ts";
import type { Step } from "../../../../sidecar/engine/run/step.ts";
import { float32 } from "../../../../sidecar/engine/run/tensors.ts";

const LANES = 2;
const HEADS = 2;
const SIZE = 3;
const LENGTHS = [2, 5];
const LAYERS: KvInterface[] = [0, 1].map((layer) => ({
  layer,
  pastKey: `past.${layer}.key`,
  pastValue: `past.${layer}.value`,
  presentKey: `present.${layer}.key`,
  presentValue: `present.${layer}.value`,
  heads: HEADS,
  headDim: SIZE,
  type: "float32",
}));
const PASTS = LAYERS.flatMap(({ pastKey, pastValue }) => [pastKey, pastValue]);
const ROWS: CacheRows = { indices: "places", rows: "rows", pasts: PASTS, heads: HEADS, headDim: SIZE, type: "float32" };

function cache(rows: CacheRows[], policy: CachePolicy, style: KvStyle = "group-query"): KvCache {
  return new KvCache(LAYERS, rows, LANES, style, policy);
}

/** A number that says of which past, lane, head, position and component it is. */
const value = (past: number, lane: number, head: number, position: number, i: number): number =>
  (((past * LANES + lane) * HEADS + head) * 200 + position) * SIZE + i;

/** The rows that a block would give out for what it was fed. */
function given(feeds: Readonly<Record<string, Tensor>>, columns: number): Tensor {
  const places = feeds.places?.data as BigInt64Array;
  const out = PASTS.flatMap((_, past) =>
    Array.from({ length: LANES * HEADS * columns }, (_, row) => {
      const [lane = 0, head = 0, position = 0] = [...places.subarray(row * 3, row * 3 + 3)].map(Number);
      return Array.from({ length: SIZE }, (_, i) => value(past, lane, head, position, i));
    }).flat(),
  );
  return float32(Float32Array.from(out), [PASTS.length * LANES, HEADS, columns, SIZE]);
}

function prefill(): Step {
  return { prompts: LENGTHS, columns: Math.max(...LENGTHS), firstPositions: [0, 0], lengths: LENGTHS };
}

function decode(step: number): Step {
  const firstPositions = LENGTHS.map((length) => length + step);
  return { prompts: LENGTHS, columns: 1, firstPositions, lengths: firstPositions.map((at) => at + 1) };
}

describe("the cache of a block that gives out the rows of a step", () => {
  it("has every lane's rows at their positions, however far it grows", () => {
    const kept = cache([ROWS], { keep: true, capacity: 60 });
    const wrong: string[] = [];
    for (const step of [prefill(), ...Array.from({ length: 55 }, (_, i) => decode(i))]) {
      const feeds = kept.feeds(step);
      for (const [past, name] of PASTS.entries()) {
        const { data, dims } = feeds[name] as Tensor;
        const [, , positions = 0] = dims;
        for (const [lane, first] of step.firstPositions.entries()) {
          for (let head = 0; head < HEADS; head++) {
            for (let position = 0; position < first; position++) {
              const at = ((lane * HEADS + head) * positions + position) * SIZE;
              if ((data as Float32Array)[at] !== value(past, lane, head, position, 0))
                wrong.push(`${name}, lane ${lane}, head ${head}, position ${position} of ${positions}`);
            }
          }
        }
      }
      kept.update({ rows: given(feeds, step.columns) }, step);
    }
    expect(wrong).toEqual([]);
    expect(kept.feeds(decode(55))["past.0.key"]?.dims).toEqual([LANES, HEADS, 60, SIZE]);
  });

  it("is as long as what was run where it grows by concatenation, with every lane's rows at their columns", () => {
    const kept = cache([ROWS], { keep: true, capacity: 9 }, "concat");
    const steps = [{ ...prefill(), firstPositions: [-3, 0] }, decode(0), decode(1), decode(2)];
    for (const [i, step] of steps.entries()) {
      const feeds = kept.feeds(step);
      const columns = i === 0 ? 0 : 4 + i;
      for (const [past, name] of PASTS.entries()) {
        const { data, dims } = feeds[name] as Tensor;
        expect(dims).toEqual([LANES, HEADS, columns, SIZE]);
        const expected = Array.from({ length: LANES * HEADS * columns * SIZE }, (_, at) => {
          const row = Math.floor(at / SIZE);
          const lane = Math.floor(row / columns / HEADS);
          return value(past, lane, Math.floor(row / columns) % HEADS, row % columns, at % SIZE);
        });
        expect([...(data as Float32Array)]).toEqual(expected);
      }
      kept.update({ rows: given(feeds, step.columns) }, step);
    }
  });

  it("asks for no rows where no step follows", () => {
    const once = cache([ROWS], { keep: false });
    expect(once.feeds(prefill()).places?.dims).toEqual([LANES, HEADS, 0, 3]);
    expect(once.fetches()).toEqual([]);
  });
});

describe("the cache of a block that gives out the whole of it", () => {
  it("is what the step before gave out", () => {
    const kept = cache([], { keep: true, capacity: 60 });
    expect(kept.fetches()).toContain("present.1.value");
    const present = float32(new Float32Array(LANES * HEADS * 5 * SIZE), [LANES, HEADS, 5, SIZE]);
    kept.update({ "present.1.value": present }, prefill());
    expect(kept.feeds(decode(0))["past.1.value"]).toBe(present);
  });
});
