import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Capture, Lane } from "../../../shared/engine/engine.ts";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { BUILT_IN_FORMATS } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { compileEditsFile } from "../../../sidecar/edits/compile-edits-file.ts";
import type { CompiledCondition } from "../../../sidecar/edits/compiled-condition.ts";
import { readEditsFile } from "../../../sidecar/edits/read-edits-file.ts";
import { cutModel } from "../../../sidecar/engine/cut/cut-model.ts";
import { ModelEngine } from "../../../sidecar/engine/run/model-engine.ts";
import { relativeError } from "./closeness.ts";
import { type GoldenValues, goldenModels, goldenRows, goldenValues } from "./golden-model.ts";

/**
 * The largest difference over the largest value. Float32: of PyTorch. Narrower weights: of the untouched export in Python's ONNX Runtime 1.32,
 * which itself differs from 1.30's by 1.5e-3 in float16, and whose int4 kernels round activations to 8 bits, so that a last bit is a step.
 */
const TOLERANCE: Record<string, number> = { fp32: 2e-4, fp16: 4e-3, int4: 2e-3 };
const NEW_TOKENS = 24;

const sum = (all: readonly number[]): number => all.reduce((total, n) => total + n, 0);

/**
 * `resid_post.1` and `resid_pre.2` are one stream, and `mixed` sets a component at the latter: whether a capture of the former shows it is left
 * open by the contract. PyTorch's hooks come before the edit, the narrow exports' golden values after it.
 */
function isLeftOpen(condition: string, at: HookPoint, precision: string): boolean {
  return precision !== "fp32" && condition === "mixed" && at === "resid_post.1";
}

for (const model of goldenModels()) {
  for (const [name, { precision }] of Object.entries(model.exports)) {
    describe(`${join(model.folder.split("/").at(-1) ?? "", name)}`, () => {
      const tolerance = TOLERANCE[precision] as number;
      const repeat = precision === "fp32" ? 1e-5 : 1e-3;
      const blocks = Math.min(2, model.layers);
      let engine: ModelEngine;
      let golden: GoldenValues;
      let conditions: CompiledCondition[];

      beforeAll(async () => {
        // Two blocks, so that every value crosses from one session to the next.
        engine = new ModelEngine(cutModel(join(model.folder, name), { blocks }), { provider: "cpu", threads: 1 });
        golden = await goldenValues(model, name);
        const path = join(model.folder, "edits.json");
        conditions = await compileEditsFile(await readEditsFile(path), {
          model: engine.model,
          path,
          dictionaryFormats: BUILT_IN_FORMATS,
        });
      });
      afterAll(() => engine?.close());

      const lanesUnder = (condition: CompiledCondition): Lane[] =>
        model.sequences.map((ids) => ({ ids, edits: condition.edits }));
      const everywhere = (points: readonly HookPoint[]): Capture[] => points.map((at) => ({ at, positions: "all" }));

      it("has the hook points that PyTorch's hooks were put on", () => {
        expect(engine.model.hookPoints).toEqual(model.hookPoints);
        expect(engine.model.layers).toBe(model.layers);
      });

      // All prompts under all conditions together: every lane has edits of its own.
      const allLanes = (): Lane[] => conditions.flatMap(lanesUnder);

      it("captures what PyTorch's hooks see, and the same logits, under every condition", async () => {
        const result = await engine.forward({
          lanes: allLanes(),
          captures: everywhere(model.hookPoints),
          logits: "all",
        });
        const errors: Record<string, number> = {};
        let lane = 0;
        for (const { name: condition } of conditions) {
          for (const ids of model.sequences) {
            const s = lane % model.sequences.length;
            for (const at of model.hookPoints) {
              if (!golden.tensors.entries.has(`${condition}/${at}`) || isLeftOpen(condition, at, precision)) continue;
              const expected = await goldenRows(golden, `${condition}/${at}`, s, ids.length);
              errors[`${condition} ${at} ${s}`] = relativeError(result.captures[at]?.[lane] as Float32Array, expected);
            }
            const logits = result.logits[lane] as Float32Array;
            const rows = golden.tensors.entries.get(`${condition}/logits`)?.shape[1] === 1 ? 1 : ids.length;
            const expected = await goldenRows(golden, `${condition}/logits`, s, rows);
            const found = logits.subarray(logits.length - expected.length);
            errors[`${condition} logits ${s}`] = relativeError(found, expected);
            lane += 1;
          }
        }
        expect(Object.keys(errors).length).toBeGreaterThan(2 * lane);
        expect(Object.entries(errors).filter(([, error]) => !(error <= tolerance))).toEqual([]);
      });

      it(`writes the same ${NEW_TOKENS} greedy tokens under every condition`, async () => {
        const { lanes } = await engine.generate({
          lanes: allLanes(),
          maxNewTokens: NEW_TOKENS,
          temperature: 0,
          topP: 1,
          seeds: [],
          endTokens: [],
        });
        const expected = conditions.map(({ name: condition }) => ({
          condition,
          ids: golden.conditions[condition]?.ids ?? [],
        }));
        expect(expected.flatMap(({ ids }) => ids)).toHaveLength(lanes.length);
        const found = expected.map(({ condition, ids }, c) => ({
          condition,
          // Golden ids of narrow exports end where the best two logits are too close to call.
          ids: ids.map((own, s) => lanes[c * model.sequences.length + s]?.ids.slice(0, own.length)),
        }));
        expect(found).toEqual(expected);
      });

      it("gives a lane the same values alone as among others", async () => {
        const condition = conditions.find((candidate) => candidate.name === "mixed") as CompiledCondition;
        const lanes = lanesUnder(condition);
        const captures = everywhere(model.hookPoints.slice(-1));
        const together = await engine.forward({ lanes, captures, logits: "last" });
        for (const [s, lane] of lanes.entries()) {
          const alone = await engine.forward({ lanes: [lane], captures, logits: "last" });
          const at = captures[0]?.at as HookPoint;
          const pair = [together.captures[at]?.[s], alone.captures[at]?.[0]] as [Float32Array, Float32Array];
          expect(relativeError(pair[0], pair[1])).toBeLessThanOrEqual(repeat);
          expect(together.reports[s]?.map(({ rows }) => rows)).toEqual(alone.reports[0]?.map(({ rows }) => rows));
        }
      });

      it("starts in the middle from a stored activation, and ends early, with the values of the whole pass", async () => {
        const layer = engine.model.blocks[1]?.[0] as number;
        const lanes = lanesUnder(conditions.find(({ name: of }) => of === "add-last-layer") as CompiledCondition);
        const entry: HookPoint = `resid_pre.${layer}`;
        const last = model.hookPoints.at(-1) as HookPoint;
        const whole = await engine.forward({ lanes, captures: everywhere([entry, last]), logits: "all" });
        const activations = whole.captures[entry] as Float32Array[];
        const rest = await engine.forward({
          lanes,
          captures: everywhere([last]),
          logits: "all",
          start: { layer, activations },
        });
        const short = await engine.forward({ lanes, captures: everywhere([entry]), logits: "none" });
        for (const s of model.sequences.keys()) {
          const near = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
            relativeError(a ?? new Float32Array(1), b ?? new Float32Array());
          expect(near(rest.captures[last]?.[s], whole.captures[last]?.[s])).toBeLessThanOrEqual(repeat);
          expect(near(rest.logits[s], whole.logits[s])).toBeLessThanOrEqual(repeat);
          expect(near(short.captures[entry]?.[s], whole.captures[entry]?.[s])).toBeLessThanOrEqual(repeat);
        }
      });

      it("reports every row that an edit touched", async () => {
        const reportOf = async (condition: string): Promise<number[]> => {
          const lanes = lanesUnder(conditions.find(({ name: of }) => of === condition) as CompiledCondition);
          const { reports } = await engine.forward({ lanes, captures: [], logits: "last" });
          return reports.map(([first]) => first?.rows ?? 0);
        };
        const lengths = model.sequences.map((ids) => ids.length);
        expect(await reportOf("add")).toEqual(lengths);
        expect(await reportOf("add-last")).toEqual(lengths.map(() => 1));
        expect(await reportOf("add-generated")).toEqual(lengths.map(() => 0));
        expect(await reportOf("add-range")).toEqual(lengths.map((length) => Math.min(length, 3) - 1));
        expect(sum(await reportOf("ablate"))).toBe(sum(lengths) * model.hookPoints.length);
      });
    });
  }
}
