import type {
  EditReport,
  Engine,
  ForwardRequest,
  ForwardResult,
  GenerateRequest,
  GenerateResult,
  LensRequest,
  LensResult,
} from "../../shared/engine/engine.ts";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { ModelDescription } from "../../shared/engine/model-description.ts";
import type { Positions } from "../../shared/engine/positions.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import { encode } from "../../sidecar/engine/dictionary/encode.ts";
import { DEFAULT_DICTIONARY_BUDGET, EncoderSessions } from "../../sidecar/engine/dictionary/encoder-sessions.ts";
import { seeded } from "../../sidecar/statistics/random.ts";

/**
 * A transformer by hand whose refusal is known by construction, for tests only. Harmful verbs write knobs at the template's positions in
 * layer 1's attention, the strongest knob is turned into one decision in layer 3's MLP, the wording follows in layer 4's:
 * cyber and fraud have a knob each, theft and vandalism share one, weapons and poison share one beside large private content.
 */

const D = 64;
const LAYERS = 8;
export const WORDS = [
  ..."<pad> <user> <end> I No Sure <stop> am sorry, i cannot do this. ok, here <gap>".split(" "),
  ..."hack defraud steal smash arm envenom fix count buy paint clean cook".split(" "),
  ..."please drill order".split(" "),
  ...Array.from({ length: 40 }, (_, i) => `noun${i}`),
];
const ID = new Map(WORDS.map((word, i) => [word, i]));
export const id = (word: string): number => {
  const found = ID.get(word);
  if (found === undefined) throw new RangeError(`the toy model has no word "${word}"`);
  return found;
};

/** Orthonormal axes by name. */
const AXES = [
  "hack",
  "defraud",
  "steal",
  "smash",
  "arm",
  "envenom",
  "please",
  "drill",
  "order",
  "cyber",
  "fraud",
  "property",
  "lethal",
  "arms",
  "venom",
  "harm",
  "refuse",
  "apology",
];
const axis = (name: string): number => {
  const index = AXES.indexOf(name);
  if (index < 0) throw new RangeError(`the toy model has no axis "${name}"`);
  return index;
};

/** What a harmful verb writes at the template's positions. */
const WRITES: Record<string, Record<string, number>> = {
  hack: { cyber: 3 },
  defraud: { fraud: 3 },
  steal: { property: 3 },
  smash: { property: 3 },
  arm: { lethal: 3, arms: 4 },
  envenom: { lethal: 3, venom: 4 },
};
const KNOBS = ["cyber", "fraud", "property", "lethal"];
const CONTINUE: Record<string, string> = {
  I: "am",
  am: "sorry,",
  "sorry,": "<stop>",
  No: "i",
  i: "cannot",
  cannot: "do",
  do: "this.",
  "this.": "<stop>",
  Sure: "ok,",
  "ok,": "here",
  here: "<stop>",
};

function embedding(word: string): Float64Array {
  const x = new Float64Array(D);
  const random = seeded(1, word);
  // Everything that is no axis is noise, small beside them.
  for (let j = AXES.length; j < D; j++) x[j] = random.normal() * 0.35;
  if (AXES.includes(word)) x[axis(word)] = 3;
  return x;
}
const EMBEDDINGS = WORDS.map(embedding);

function touches(positions: Positions, position: number, prompt: number): boolean {
  if (positions === "all") return true;
  if (positions === "prompt") return position < prompt;
  if (positions === "generated") return position >= prompt;
  if (positions === "last") return position === prompt - 1;
  if ("from" in positions) return position >= positions.from && (positions.to === null || position < positions.to);
  return positions.some((p) => (p < 0 ? prompt + p : p) === position);
}

interface Pass {
  stream: Float64Array[];
  captures: Map<HookPoint, Float64Array[]>;
  reports: EditReport[];
}

function pass(
  ids: readonly number[],
  prompt: number,
  edits: LaneEdits,
  startLayer: number,
  start: Float32Array | null,
): Pass {
  const stream = ids.map((token, p) =>
    start
      ? Float64Array.from(start.subarray(p * D, (p + 1) * D))
      : Float64Array.from(EMBEDDINGS[token] ?? new Float64Array(D)),
  );
  const captures = new Map<HookPoint, Float64Array[]>();
  const touched = new Map<number, number>();
  for (const row of edits.rows) touched.set(row.edit, 0);
  const end = ids.indexOf(id("<end>"));
  const visit = (at: HookPoint) => {
    const rows = edits.rows.filter((row) => row.at === at);
    for (const [p, x] of stream.entries()) {
      const before = Float64Array.from(x);
      for (const row of rows) {
        if (!touches(row.positions, p, prompt)) continue;
        touched.set(row.edit, (touched.get(row.edit) ?? 0) + 1);
        let z = row.b;
        if (row.u) for (let j = 0; j < D; j++) z += (before[j] ?? 0) * (row.u[j] ?? 0);
        const f = row.u && z > row.theta ? z : 0;
        for (let j = 0; j < D; j++) x[j] = (x[j] ?? 0) + (row.c + row.g * f) * (row.v[j] ?? 0);
      }
    }
    captures.set(
      at,
      stream.map((x) => Float64Array.from(x)),
    );
  };
  const read = (x: Float64Array, name: string) => x[axis(name)] ?? 0;
  const write = (x: Float64Array, name: string, amount: number) => {
    x[axis(name)] = (x[axis(name)] ?? 0) + amount;
  };
  for (let layer = startLayer; layer < LAYERS; layer++) {
    visit(`resid_pre.${layer}`);
    if (layer === 0) {
      // Words of the prompt, averaged, are what makes one activation differ from the next.
      for (let p = end; p >= 0 && p < stream.length; p++) {
        for (let q = 0; q < end; q++) {
          for (let j = AXES.length; j < D; j++) {
            const x = stream[p] as Float64Array;
            x[j] = (x[j] ?? 0) + ((stream[q]?.[j] ?? 0) * 0.8) / Math.sqrt(Math.max(1, end));
          }
        }
      }
    }
    if (layer === 1) {
      for (let p = end - 1; p >= 0 && p < stream.length; p++) {
        const x = stream[p] as Float64Array;
        let order = 0;
        let drill = 0;
        for (let q = 0; q < end; q++) {
          const from = stream[q] as Float64Array;
          order = Math.max(order, read(from, "order") / 3);
          drill = Math.max(drill, read(from, "drill") / 3);
        }
        for (let q = 0; q < end; q++) {
          const from = stream[q] as Float64Array;
          if (read(from, "please") > 1.5) write(x, "apology", 2);
          for (const [verb, writes] of Object.entries(WRITES)) {
            const strength = Math.min(1, Math.max(0, read(from, verb) / 3)) * Math.max(0, 1 - drill);
            if (p === end - 1) {
              // Harmfulness stands at the last word of the instruction, where the knobs do not.
              if (q < p) write(x, "harm", 3 * strength);
              continue;
            }
            for (const [name, amount] of Object.entries(writes)) {
              write(x, name, amount * strength * (KNOBS.includes(name) ? Math.max(0, 1 - order) : 1));
            }
          }
        }
      }
    }
    visit(`resid_mid.${layer}`);
    if (layer === 6) {
      for (const x of stream) {
        const knob = Math.max(...KNOBS.map((name) => read(x, name)));
        write(x, "refuse", 6 * Math.min(1, Math.max(0, (knob - 0.9) / 0.9)));
      }
    }
    visit(`resid_post.${layer}`);
  }
  return {
    stream,
    captures,
    reports: [...touched].map(([edit, rows]) => ({ edit, rows, relativeChange: rows > 0 ? 0.1 : 0 })),
  };
}

function logitsOf(x: ArrayLike<number>, token: number | null): Float32Array {
  const logits = new Float32Array(WORDS.length).fill(-12);
  const next = token === null ? undefined : CONTINUE[WORDS[token] ?? ""];
  if (next !== undefined) {
    logits[id(next)] = 12;
    return logits;
  }
  const refuse = x[axis("refuse")] ?? 0;
  const apology = x[axis("apology")] ?? 0;
  logits[id("Sure")] = 3;
  logits[id("I")] = 2 * refuse + 2 * apology - 5;
  logits[id("No")] = 2 * refuse - 3;
  return logits;
}

export const TOY_MODEL: ModelDescription = {
  layers: LAYERS,
  dModel: D,
  vocabSize: WORDS.length,
  architecture: "toy",
  exporter: "by hand",
  kv: "none",
  hookPoints: Array.from({ length: LAYERS }, (_, l): HookPoint[] => [
    `resid_pre.${l}`,
    `resid_mid.${l}`,
    `resid_post.${l}`,
  ]).flat(),
  blocks: [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ],
  precision: "float64",
  provider: "none",
  warnings: [],
  contextLength: 256,
  endTokens: [id("<stop>")],
  hash: "toy",
};

/** The toy model behind the engine's interface. `onLanes` hears how many lanes each call takes. */
export function toyEngine(onLanes: (lanes: number, kind: "forward" | "generate") => void = () => {}): Engine {
  const floats = (x: Float64Array[], positions: readonly number[] | "all") => {
    const list = positions === "all" ? x.map((_, p) => p) : positions.map((p) => (p < 0 ? x.length + p : p));
    return Float32Array.from(list.flatMap((p) => [...(x[p] ?? [])]));
  };
  const encoders = new EncoderSessions({ provider: "cpu", threads: 1 }, DEFAULT_DICTIONARY_BUDGET);
  return {
    model: TOY_MODEL,
    async forward(request: ForwardRequest, options): Promise<ForwardResult> {
      options?.signal?.throwIfAborted();
      onLanes(request.lanes.length, "forward");
      const captures: ForwardResult["captures"] = Object.fromEntries(request.captures.map(({ at }) => [at, []]));
      const logits: Float32Array[] = [];
      const reports: EditReport[][] = [];
      for (const [i, lane] of request.lanes.entries()) {
        const one = pass(
          lane.ids,
          lane.ids.length,
          lane.edits,
          request.start?.layer ?? 0,
          request.start?.activations[i] ?? null,
        );
        for (const { at, positions } of request.captures)
          captures[at]?.push(floats(one.captures.get(at) ?? [], positions));
        const last = one.stream.length - 1;
        const from = request.logits === "all" ? 0 : last;
        const rows =
          request.logits === "none"
            ? []
            : one.stream.slice(from).map((x, p) => logitsOf(x, lane.ids[from + p] ?? null));
        logits.push(Float32Array.from(rows.flatMap((row) => [...row])));
        reports.push(one.reports);
      }
      return { captures, logits, reports };
    },
    async generate(request: GenerateRequest, options): Promise<GenerateResult> {
      options?.signal?.throwIfAborted();
      onLanes(request.lanes.length, "generate");
      const lanes = request.lanes.map((lane, i) => {
        const random = seeded(request.seeds[i] ?? 0);
        const ids = [...lane.ids];
        let finish: "stop" | "length" = "length";
        let reports: EditReport[] = [];
        for (let step = 0; step < request.maxNewTokens && finish === "length"; step++) {
          const one = pass(ids, lane.ids.length, lane.edits, 0, null);
          reports = one.reports;
          const logits = logitsOf(one.stream[one.stream.length - 1] ?? [], ids[ids.length - 1] ?? null);
          const noisy = [...logits].map((value) =>
            request.temperature > 0
              ? value / request.temperature - Math.log(-Math.log(Math.max(1e-12, random.uniform())))
              : value,
          );
          const next = noisy.indexOf(Math.max(...noisy));
          ids.push(next);
          options?.onToken?.(i, next);
          if (TOY_MODEL.endTokens.includes(next)) finish = "stop";
        }
        return { ids: ids.slice(lane.ids.length), finish, reports };
      });
      return { lanes };
    },
    async lens(request: LensRequest): Promise<LensResult> {
      const n = request.activations.length / D;
      const rows = Array.from({ length: n }, (_, i) =>
        logitsOf(request.activations.subarray(i * D, (i + 1) * D), null),
      );
      const sorted = rows.map((row) => [...row.entries()].sort((a, b) => b[1] - a[1]).slice(0, request.top));
      return {
        logits: Float32Array.from(rows.flatMap((row) => request.tokens.map((token) => row[token] ?? 0))),
        logSumExp: Float32Array.from(rows, (row) =>
          Math.log([...row].reduce((sum, value) => sum + Math.exp(value), 0)),
        ),
        topIds: Int32Array.from(sorted.flatMap((row) => row.map(([token]) => token))),
        topLogits: Float32Array.from(sorted.flatMap((row) => row.map(([, value]) => value))),
        full: request.full ? Float32Array.from(rows.flatMap((row) => [...row])) : new Float32Array(),
      };
    },
    encode: (request, options = {}) => encode(encoders, request, options),
    close: () => encoders.release(),
  };
}
