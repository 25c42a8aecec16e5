import { InferenceSession } from "onnxruntime-node";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { RefractError } from "../../../shared/errors.ts";
import type { Block, InstrumentedGraph, SlotForm } from "../cut/block.ts";
import { coversForm } from "../splice/slot-column.ts";
import { type SessionSettings, sessionOptions } from "./session-options.ts";

/** A WebGPU shader binds 8 buffers: one input and 7 outputs of a Split, or the reverse of a Concat. */
const WEBGPU_FAN_OUT = 7;

/** Hook points of a block that a pass needs. */
export interface Needs {
  slots: ReadonlySet<HookPoint>;
  dictionaries: ReadonlySet<HookPoint>;
  /** Those of `dictionaries` whose rows have a norm or a rank. */
  measured?: ReadonlySet<HookPoint>;
  captures: ReadonlySet<HookPoint>;
  /** Whether the head is to give out what the logit lens reads. */
  lens?: boolean;
  /** What the rows in `slots` need. */
  form: SlotForm;
}

/** How a block hands on what the next block or the next step goes on with. */
export interface Handing {
  /** Whether the stream stays on the device where the block ends, as JavaScript does not read it. */
  exitOnDevice: boolean;
  /** Whether a step gives out the keys and values that it adds, in the place of the whole cache. */
  cacheRows: boolean;
}

/** A block's session and what is built into its graph. */
export interface BuiltBlock {
  session: InferenceSession;
  graph: InstrumentedGraph;
  slots: readonly HookPoint[];
  form: SlotForm;
  inputTypes: ReadonlyMap<string, string>;
}

/**
 * One block and its session. The session is made at first use with what that pass needs; a pass that needs more replaces it by one that has
 * both, and the next such pass by one that has everything, so that a sweep over hook points does not load the weights again and again.
 */
export class BlockSession {
  readonly block: Block;
  private readonly settings: SessionSettings;
  private readonly exitOnDevice: boolean;
  private readonly cacheRows: boolean;
  private built: BuiltBlock | null = null;
  private has: Needs = { slots: new Set(), dictionaries: new Set(), captures: new Set(), form: "everywhere" };
  private builds = 0;

  constructor(block: Block, settings: SessionSettings, { exitOnDevice, cacheRows }: Handing) {
    this.block = block;
    this.settings = settings;
    this.exitOnDevice = exitOnDevice;
    this.cacheRows = cacheRows;
  }

  /** The session with at least what is needed at the block's own hook points. */
  async prepare(needs: Needs): Promise<BuiltBlock> {
    if (this.built !== null && this.covers(needs)) return this.built;
    const next = this.next(needs);
    await this.release();
    const order = (wanted: ReadonlySet<HookPoint>): HookPoint[] =>
      this.block.hookPoints.filter((point) => wanted.has(point));
    const slots = order(next.slots);
    const graph = this.block.instrument({
      slots,
      dictionaries: order(next.dictionaries),
      measured: order(next.measured ?? new Set()),
      captures: order(next.captures),
      form: next.form,
      lens: next.lens === true,
      cacheRows: this.cacheRows,
      ...(this.settings.provider === "webgpu" ? { fanOut: WEBGPU_FAN_OUT } : {}),
    });
    const session = await this.create(graph);
    const inputTypes = new Map<string, string>();
    for (const input of session.inputMetadata) if (input.isTensor) inputTypes.set(input.name, input.type);
    this.built = { session, graph, slots, form: next.form, inputTypes };
    this.has = next;
    this.builds += 1;
    return this.built;
  }

  async release(): Promise<void> {
    const built = this.built;
    this.built = null;
    await built?.session.release();
  }

  /** Whether a pass can run without a session to be made first. */
  isReady(needs: Needs): boolean {
    return this.built !== null && this.covers(needs);
  }

  private covers({ slots, dictionaries, measured, captures, lens, form }: Needs): boolean {
    const own = (points: ReadonlySet<HookPoint>) => this.block.hookPoints.filter((point) => points.has(point));
    return (
      (lens !== true || this.has.lens === true) &&
      (own(slots).length === 0 || coversForm(this.has.form, form)) &&
      own(slots).every((point) => this.has.slots.has(point) || this.has.dictionaries.has(point)) &&
      own(dictionaries).every((point) => this.has.dictionaries.has(point)) &&
      own(measured ?? new Set()).every((point) => this.has.measured?.has(point) === true) &&
      own(captures).every((point) => this.has.captures.has(point))
    );
  }

  private next(needs: Needs): Needs {
    const everything = this.builds >= 2 ? this.block.hookPoints : [];
    const dictionaries = new Set([...this.has.dictionaries, ...needs.dictionaries]);
    const slots = new Set([...this.has.slots, ...needs.slots, ...everything]);
    for (const point of dictionaries) slots.delete(point);
    return {
      slots,
      dictionaries,
      measured: new Set([...(this.has.measured ?? []), ...(needs.measured ?? [])]),
      captures: new Set([...this.has.captures, ...needs.captures, ...everything]),
      lens: this.has.lens === true || needs.lens === true,
      form: coversForm(this.has.form, needs.form) ? this.has.form : needs.form,
    };
  }

  private async create(graph: InstrumentedGraph): Promise<InferenceSession> {
    const { block, settings } = this;
    const name = block.logits === undefined ? `layers ${block.first} to ${block.last}` : "the head";
    try {
      return await InferenceSession.create(
        graph.graph,
        sessionOptions(settings, block.weightsFolder, this.outputLocations(graph)),
      );
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new RefractError("failed", `ONNX Runtime (${settings.provider}) did not load ${name}: ${message}`, {
        cause,
      });
    }
  }

  private outputLocations(graph: InstrumentedGraph): Record<string, "cpu" | "gpu-buffer"> | undefined {
    if (this.settings.provider !== "webgpu") return undefined;
    const { block } = this;
    const locations: Record<string, "cpu" | "gpu-buffer"> = {};
    for (const { presentKey, presentValue } of block.kv) {
      locations[presentKey] = "gpu-buffer";
      locations[presentValue] = "gpu-buffer";
    }
    if (block.exit !== undefined) locations[block.exit.name] = this.exitOnDevice ? "gpu-buffer" : "cpu";
    if (block.logits !== undefined) locations[block.logits.name] = "cpu";
    for (const { name } of graph.captures) locations[name] = "cpu";
    if (graph.lens !== undefined) {
      locations[graph.lens.logits] = "cpu";
      locations[graph.lens.logSumExp] = "cpu";
    }
    if (graph.slots !== undefined) {
      locations[graph.slots.norms] = "cpu";
      locations[graph.slots.coefficients] = "cpu";
    }
    for (const { norm, change } of [...graph.dictionaries, ...graph.measured]) {
      locations[norm] = "cpu";
      locations[change] = "cpu";
    }
    return locations;
  }
}
