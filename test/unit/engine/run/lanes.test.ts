import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SlotRow } from "../../../../shared/engine/slot-row.ts";
import { makeBatches } from "../../../../sidecar/engine/run/batch.ts";
import { prefillStep } from "../../../../sidecar/engine/run/prefill.ts";
import { argmax, makeSampler } from "../../../../sidecar/engine/run/sample.ts";
import { fillTouched, makeSlotBank } from "../../../../sidecar/engine/run/slot-bank.ts";
import { touches } from "../../../../sidecar/engine/run/touches.ts";
import { NEVER } from "../../../../sidecar/engine/splice/slot-column.ts";

const NOTHING = { rows: [], drops: [] };
const lane = (length: number) => ({ ids: Array.from({ length }, (_, i) => i + 1), edits: NOTHING });
const LIMITS = { lanes: 3, tokens: 40 };

describe("which positions an edit touches", () => {
  const touched = (positions: Parameters<typeof touches>[0]): number[] =>
    [0, 1, 2, 3, 4, 5].filter((position) => touches(positions, position, 4));

  it("counts over prompt and generated tokens, the last prompt token being the prompt's", () => {
    expect(touched("all")).toEqual([0, 1, 2, 3, 4, 5]);
    expect(touched("prompt")).toEqual([0, 1, 2, 3]);
    expect(touched("generated")).toEqual([4, 5]);
    expect(touched("last")).toEqual([3]);
    expect(touched({ from: 2, to: null })).toEqual([2, 3, 4, 5]);
    expect(touched({ from: 1, to: 3 })).toEqual([1, 2]);
    expect(touched([0, -1, 5])).toEqual([0, 3, 5]);
  });
});

describe("batches", () => {
  it("hold every lane once, within the limits, however long they are", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }), (lengths) => {
        const batches = makeBatches(lengths.map(lane), {
          decode: true,
          kv: "group-query",
          positionIds: false,
          limits: LIMITS,
        });
        const members = batches.flatMap((batch) => batch.members).sort((a, b) => a - b);
        expect(members).toEqual(lengths.map((_, index) => index));
        for (const { members: own, columns } of batches) {
          expect(own.length).toBeLessThanOrEqual(LIMITS.lanes);
          if (own.length > 1) expect(own.length * columns).toBeLessThanOrEqual(LIMITS.tokens);
        }
      }),
    );
  });

  it("pad on the left for a cache that grows by concatenation, and keep lengths apart without position ids", () => {
    const lanes = [lane(3), lane(5)];
    const left = makeBatches(lanes, { decode: true, kv: "concat", positionIds: true, limits: LIMITS });
    expect(left.map(({ offsets }) => offsets)).toEqual([[2, 0]]);
    const apart = makeBatches(lanes, { decode: true, kv: "concat", positionIds: false, limits: LIMITS });
    expect(apart.map(({ members }) => members)).toEqual([[0], [1]]);
    const single = makeBatches(lanes, { decode: false, kv: "concat", positionIds: false, limits: LIMITS });
    expect(single.map(({ offsets }) => offsets)).toEqual([[0, 0]]);
  });

  it("give padding no weight and no position of its own", () => {
    const [batch] = makeBatches([lane(2), lane(3)], { decode: true, kv: "concat", positionIds: true, limits: LIMITS });
    const { inputs, step } = prefillStep(batch as NonNullable<typeof batch>, [2, 3]);
    expect(inputs.mask).toEqual([0, 1, 1, 1, 1, 1]);
    expect(inputs.positions).toEqual([0, 0, 1, 0, 1, 2]);
    expect(step.firstPositions).toEqual([-1, 0]);
  });
});

describe("a slot bank", () => {
  const v = Float32Array.of(1, 0);
  const u = Float32Array.of(0, 1);
  const row = (change: Partial<SlotRow>): SlotRow => ({
    at: "resid_post.1",
    u: null,
    v,
    b: 0,
    theta: Number.NEGATIVE_INFINITY,
    c: 1,
    g: 0,
    positions: "all",
    edit: 0,
    ...change,
  });

  it("keeps rows that lanes share once, and has a row where there is nothing to do", () => {
    const lanes = [{ rows: [row({})], drops: [] }, { rows: [row({ positions: "last" })], drops: [] }, NOTHING];
    const bank = makeSlotBank(["resid_post.1"], lanes, 2);
    expect(bank.rows).toBe(1);
    expect(bank.entries).toHaveLength(2);
    expect(makeSlotBank(["resid_post.1"], [NOTHING], 2)).toMatchObject({
      rows: 1,
      v: new Float32Array(2),
      entries: [],
    });
  });

  it("gives a lane that has the same row twice two places, so that it is added twice", () => {
    const bank = makeSlotBank(["resid_post.1"], [{ rows: [row({}), row({ edit: 1 })], drops: [] }], 2);
    expect(bank.rows).toBe(2);
  });

  it("touches the lane's own positions and no padding", () => {
    const lanes = [{ rows: [row({ u, g: -1 })], drops: [] }, NOTHING];
    const bank = makeSlotBank(["resid_post.1"], lanes, 2);
    const threshold = new Float32Array(6);
    const rest = new Float32Array(6);
    const step = { prompts: [2, 3], columns: 3, firstPositions: [-1, 0], lengths: [2, 3] };
    fillTouched(bank, step, threshold, rest);
    expect([...threshold].map((value) => value < NEVER)).toEqual([false, true, true, false, false, false]);
    expect([...rest].map((value) => value !== 0)).toEqual([false, true, true, false, false, false]);
  });
});

describe("sampling", () => {
  const logits = Float32Array.of(0, 2, 1, -1);
  const draw = (temperature: number, topP: number, seed: number, count: number): number[] => {
    const sample = makeSampler(temperature, topP, seed);
    return Array.from({ length: count }, () => sample(logits));
  };

  it("is greedy at temperature 0 and takes the first of equals", () => {
    expect(draw(0, 1, 1, 3)).toEqual([1, 1, 1]);
    expect(argmax(Float32Array.of(1, 3, 3))).toBe(1);
  });

  it("repeats itself with its seed", () => {
    expect(draw(1, 1, 5, 50)).toEqual(draw(1, 1, 5, 50));
    expect(draw(1, 1, 5, 50)).not.toEqual(draw(1, 1, 6, 50));
  });

  it("draws each token as often as the softmax says", () => {
    const n = 20_000;
    const counts = [0, 0, 0, 0];
    for (const id of draw(1, 1, 11, n)) counts[id] = (counts[id] ?? 0) + 1;
    const weights = [...logits].map(Math.exp);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [id, weight] of weights.entries()) {
      const p = weight / total;
      expect(Math.abs((counts[id] ?? 0) / n - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
    }
  });

  it("draws from the smallest set whose probability reaches topP", () => {
    expect(new Set(draw(1, 0.5, 3, 500))).toEqual(new Set([1]));
    expect(new Set(draw(1, 0.85, 3, 500))).toEqual(new Set([1, 2]));
  });

  it("refuses to choose among NaNs", () => {
    expect(() => argmax(Float32Array.of(Number.NaN, Number.NaN))).toThrow(/no finite number/);
  });
});
