import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Capture, Lane } from "../../../shared/engine/engine.ts";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { BUILT_IN_FORMATS } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { compileEditsFile } from "../../../sidecar/edits/compile-edits-file.ts";
import type { CompiledCondition } from "../../../sidecar/edits/compiled-condition.ts";
import { readEditsFile } from "../../../sidecar/edits/read-edits-file.ts";
import type { CutModel } from "../../../sidecar/engine/cut/block.ts";
import { cutModel } from "../../../sidecar/engine/cut/cut-model.ts";
import type { ProviderName } from "../../../sidecar/engine/providers/provider-table.ts";
import { ModelEngine } from "../../../sidecar/engine/run/model-engine.ts";
import { touches } from "../../../sidecar/engine/run/touches.ts";
import { UntouchedModel } from "../bench/untouched-model.ts";
import { ENGINE_THREADS } from "../engine-threads.ts";
import { applyRows, type TestRow } from "./apply-rows.ts";
import { relativeError, rowError } from "./closeness.ts";
import { type GoldenModel, type GoldenValues, goldenRows, goldenValues } from "./golden-model.ts";

export interface GoldenSuite {
  provider: ProviderName;
  /** How many blocks; two or more, so that values cross from one session to the next. `null` leaves it to the engine. */
  blocks: number | null;
  /**
   * What a difference is held against: the largest value of the captured activation, or of its own position. Real weights need the second, since
   * their first position is a thousand times the others; a tiny random model can have a position that its norms make ill-conditioned.
   */
  scale: "activation" | "position";
  /** The largest difference over that scale, by precision. */
  tolerance: Readonly<Record<string, number>>;
  /**
   * Kernels that round activations make another model of what follows an edit, by up to a tenth of the activation after ten layers: there an edit is
   * held to its formula, applied to the untouched export's own tensor, and the untouched model alone is followed to its logits and, as the export itself writes it, its text.
   */
  edits: "followed" | "in place";
  /** What another batch or another session may differ by, by precision. */
  repeat: Readonly<Record<string, number>>;
}

const sum = (all: readonly number[]): number => all.reduce((total, n) => total + n, 0);

/**
 * `resid_post.L` and `resid_pre.(L+1)` are one stream: whether a capture of the former shows an edit at the latter is left open by the contract.
 * PyTorch's hooks come before the edit, the narrow exports' golden values after it. Ablating twice is ablating once.
 */
function isLeftOpen(rows: CompiledCondition["edits"]["rows"], at: HookPoint): boolean {
  const match = /^resid_post\.(\d+)$/.exec(at);
  if (match === null) return false;
  const next: HookPoint = `resid_pre.${Number(match[1]) + 1}`;
  return rows.some((row) => row.at === next && !(row.u === row.v && row.c === 0 && row.g === -1));
}

type Edits = CompiledCondition["edits"];

function firstEdited(points: readonly HookPoint[], { rows, drops }: Edits): HookPoint {
  return points.find((point) => [...rows, ...drops].some(({ at }) => at === point)) as HookPoint;
}

/** What an edit does at a hook point of a prompt of `length` tokens. */
function rowsAt({ rows, drops }: Edits, at: HookPoint, length: number): TestRow[] {
  const here = rows.filter((row) => row.at === at);
  const dropped = drops.filter((drop) => drop.at === at);
  return here.map((row) => ({
    ...row,
    touches: (position) => touches(row.positions, position, length),
    drop: dropped.some(({ edit }) => edit === row.edit),
  }));
}

/** Holds the engine on one export to its golden values: captures, logits, greedy tokens, batches, starts and ends, reports. */
export function describeGolden(model: GoldenModel, name: string, suite: GoldenSuite): void {
  const { precision, streamDiffers } = model.exports[name] as GoldenModel["exports"][string];
  describe(`${basename(model.folder)}/${name} on ${suite.provider}`, () => {
    // What the untouched export itself differs by is no fault of the engine's; the tenth is for what an edit adds to it.
    const tolerance = Math.max(suite.tolerance[precision] as number, 1.1 * (streamDiffers ?? 0));
    const errorOf = suite.scale === "position" ? rowError : relativeError;
    const repeat = suite.repeat[precision] as number;
    let cut: CutModel;
    let engine: ModelEngine;
    let golden: GoldenValues;
    let conditions: CompiledCondition[];

    beforeAll(async () => {
      cut = cutModel(join(model.folder, name), suite.blocks === null ? {} : { blocks: suite.blocks });
      engine = new ModelEngine(cut, { provider: suite.provider, threads: ENGINE_THREADS });
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
    const followed = ({ edits }: CompiledCondition): boolean =>
      suite.edits === "followed" || edits.rows.length + edits.drops.length === 0;

    it("captures what PyTorch's hooks see, and the same logits, under every condition", async () => {
      const result = await engine.forward({
        lanes: allLanes(),
        captures: everywhere(model.hookPoints),
        logits: "all",
      });
      const errors: Record<string, number> = {};
      let lane = -1;
      for (const compiled of conditions) {
        const { name: condition, edits } = compiled;
        for (const [s, ids] of model.sequences.entries()) {
          lane += 1;
          if (!followed(compiled)) {
            const at = firstEdited(model.hookPoints, edits);
            const before = await goldenRows(golden, `baseline/${at}`, s, ids.length);
            const expected = applyRows(before, model.dModel, rowsAt(edits, at, ids.length));
            errors[`${condition} ${at} ${s} in place`] = errorOf(
              result.captures[at]?.[lane] as Float32Array,
              expected,
              model.dModel,
            );
            continue;
          }
          for (const at of model.hookPoints) {
            if (
              !golden.tensors.entries.has(`${condition}/${at}`) ||
              (precision !== "fp32" && isLeftOpen(edits.rows, at))
            )
              continue;
            const expected = await goldenRows(golden, `${condition}/${at}`, s, ids.length);
            errors[`${condition} ${at} ${s}`] = errorOf(
              result.captures[at]?.[lane] as Float32Array,
              expected,
              model.dModel,
            );
          }
          const logits = result.logits[lane] as Float32Array;
          const rows = golden.tensors.entries.get(`${condition}/logits`)?.shape[1] === 1 ? 1 : ids.length;
          const expected = await goldenRows(golden, `${condition}/logits`, s, rows);
          const found = logits.subarray(logits.length - expected.length);
          errors[`${condition} logits ${s}`] = errorOf(found, expected, engine.model.vocabSize);
        }
      }
      expect(Object.keys(errors).length).toBeGreaterThan(lane);
      expect(Object.entries(errors).filter(([, error]) => !(error <= tolerance))).toEqual([]);
    });

    const greedy = async (lanes: readonly Lane[]): Promise<number[][]> => {
      const request = { lanes, maxNewTokens: model.newTokens, temperature: 0, topP: 1, seeds: [], endTokens: [] };
      return (await engine.generate(request)).lanes.map(({ ids }) => [...ids]);
    };

    if (suite.edits === "in place") {
      it(`writes the same ${model.newTokens} greedy tokens as the untouched export`, async () => {
        const untouched = await UntouchedModel.load(cut);
        for (const ids of model.sequences) {
          const { ids: expected } = await untouched.decode([ids], model.newTokens - 1);
          expect(await greedy([{ ids, edits: { rows: [], drops: [] } }])).toEqual(expected);
        }
        await untouched.release();
      });
    } else {
      it(`writes the same ${model.newTokens} greedy tokens under every condition`, async () => {
        const lanes = await greedy(allLanes());
        const expected = conditions.map(({ name: condition }) => ({
          condition,
          ids: golden.conditions[condition]?.ids ?? [],
        }));
        expect(expected.flatMap(({ ids }) => ids)).toHaveLength(lanes.length);
        const found = expected.map(({ condition, ids }, c) => ({
          condition,
          // Golden ids of narrow exports end where the best two logits are too close to call.
          ids: ids.map((own, s) => lanes[c * model.sequences.length + s]?.slice(0, own.length)),
        }));
        expect(found).toEqual(expected);
      });
    }

    it.each(["mixed", "ablate"])("gives a lane the same values alone as among others (%s)", async (name) => {
      const lanes = lanesUnder(conditions.find((candidate) => candidate.name === name) as CompiledCondition);
      const others = lanesUnder(conditions.find((candidate) => candidate.name === "add") as CompiledCondition);
      const captures = everywhere(model.hookPoints.slice(-1));
      const together = await engine.forward({ lanes: [...lanes, ...others], captures, logits: "last" });
      const own = new ModelEngine(cut, { provider: suite.provider, threads: ENGINE_THREADS });
      // Another lane's rows widen the products of every bank, whose sums then come in another order: one bit, of which rounding kernels make
      // what `edits` says. Other lanes without rows of their own change nothing.
      const most = name === "ablate" && suite.edits === "in place" ? 0.1 : repeat;
      for (const [s, lane] of lanes.entries()) {
        const alone = await own.forward({ lanes: [lane], captures, logits: "last" });
        const at = captures[0]?.at as HookPoint;
        const pair = [together.captures[at]?.[s], alone.captures[at]?.[0]] as [Float32Array, Float32Array];
        expect(relativeError(pair[0], pair[1])).toBeLessThanOrEqual(most);
        expect(together.reports[s]?.map(({ rows }) => rows)).toEqual(alone.reports[0]?.map(({ rows }) => rows));
      }
      await own.close();
    });

    it("starts in the middle from a stored activation, and ends early, with the values of the whole pass", async () => {
      const layer = engine.model.blocks[1]?.[0] as number;
      const lanes = lanesUnder(conditions.find(({ name: of }) => of === "add") as CompiledCondition);
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
      const places = (condition: string): number =>
        new Set(conditions.find(({ name: of }) => of === condition)?.edits.rows.map(({ at }) => at)).size;
      expect(await reportOf("ablate-subspace")).toEqual(lengths.map((length) => length * places("ablate-subspace")));
      expect(await reportOf("add-generated")).toEqual(lengths.map(() => 0));
      expect(sum(await reportOf("ablate"))).toBe(sum(lengths) * model.hookPoints.length);
    });
  });
}
