import { InferenceSession, Tensor } from "onnxruntime-node";
import type { CutModel } from "../../../sidecar/engine/cut/block.ts";

/** The export as its maker wrote it, in a session of its own: the bare pass that the engine is compared with. */
export class UntouchedModel {
  private readonly session: InferenceSession;
  private readonly model: CutModel;

  private constructor(session: InferenceSession, model: CutModel) {
    this.session = session;
    this.model = model;
  }

  static async load(model: CutModel, threads: number | null = null): Promise<UntouchedModel> {
    const { graph, weightsFolder } = model.untouched();
    const session = await InferenceSession.create(graph, {
      executionProviders: ["cpu"],
      logSeverityLevel: 3,
      ...(threads === null ? {} : { intraOpNumThreads: threads }),
      extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
    });
    return new UntouchedModel(session, model);
  }

  release(): Promise<void> {
    return this.session.release();
  }

  /** One pass over equally long sequences; computes logits at every position, as the export does. */
  async pass(sequences: readonly (readonly number[])[]): Promise<void> {
    const columns = sequences[0]?.length ?? 0;
    const feeds = this.inputs(sequences.flat(), sequences.length, columns, columns, 0);
    await this.session.run({ ...feeds, ...this.pasts(sequences.length, 0) }, ["logits"]);
  }

  /**
   * Writes on greedily from equally long sequences, with the cache in place (group-query) or handed on (concat).
   * @returns the ids that each sequence went on with, milliseconds of the first pass, and of each step after it.
   */
  async decode(
    sequences: readonly (readonly number[])[],
    steps: number,
  ): Promise<{ ids: number[][]; first: number; steps: number[] }> {
    const lanes = sequences.length;
    const prompt = sequences[0]?.length ?? 0;
    const inPlace = this.model.kv === "group-query";
    let pasts = this.pasts(lanes, inPlace ? prompt + steps : 0);
    let ids = sequences.flat();
    const times: number[] = [];
    const written: number[][] = sequences.map(() => []);
    for (let step = 0; step <= steps; step++) {
      const started = performance.now();
      const columns = step === 0 ? prompt : 1;
      const total = prompt + step;
      const feeds = { ...this.inputs(ids, lanes, columns, total, total - columns), ...pasts };
      const fetches: Record<string, Tensor | null> = { logits: null };
      for (const { pastKey, pastValue, presentKey, presentValue } of this.model.blocks.flatMap(({ kv }) => kv)) {
        fetches[presentKey] = inPlace ? (pasts[pastKey] ?? null) : null;
        fetches[presentValue] = inPlace ? (pasts[pastValue] ?? null) : null;
      }
      const outputs = await this.session.run(feeds, fetches);
      if (!inPlace) pasts = this.handedOn(outputs);
      ids = this.largest(outputs.logits as Tensor, lanes, columns);
      for (const [lane, id] of ids.entries()) written[lane]?.push(id);
      times.push(performance.now() - started);
    }
    const [first = 0, ...rest] = times;
    return { ids: written, first, steps: rest };
  }

  private inputs(
    ids: readonly number[],
    lanes: number,
    columns: number,
    total: number,
    position: number,
  ): Record<string, Tensor> {
    const integers = (values: readonly number[], width: number): Tensor =>
      new Tensor("int64", BigInt64Array.from(values, BigInt), [lanes, width]);
    const feeds: Record<string, Tensor> = {
      input_ids: integers(ids, columns),
      attention_mask: integers(new Array<number>(lanes * total).fill(1), total),
    };
    if (this.session.inputNames.includes("position_ids")) {
      const row = Array.from({ length: columns }, (_, i) => position + i);
      feeds.position_ids = integers(Array.from({ length: lanes }, () => row).flat(), columns);
    }
    return Object.fromEntries(Object.entries(feeds).filter(([name]) => this.session.inputNames.includes(name)));
  }

  private pasts(lanes: number, positions: number): Record<string, Tensor> {
    const pasts: Record<string, Tensor> = {};
    for (const { pastKey, pastValue, heads, headDim } of this.model.blocks.flatMap(({ kv }) => kv)) {
      for (const name of [pastKey, pastValue]) {
        const data = new Float32Array(lanes * heads * positions * headDim);
        pasts[name] = new Tensor("float32", data, [lanes, heads, positions, headDim]);
      }
    }
    return pasts;
  }

  private handedOn(outputs: InferenceSession.OnnxValueMapType): Record<string, Tensor> {
    const pasts: Record<string, Tensor> = {};
    for (const { pastKey, pastValue, presentKey, presentValue } of this.model.blocks.flatMap(({ kv }) => kv)) {
      pasts[pastKey] = outputs[presentKey] as Tensor;
      pasts[pastValue] = outputs[presentValue] as Tensor;
    }
    return pasts;
  }

  private largest(logits: Tensor, lanes: number, columns: number): number[] {
    const data = logits.data as Float32Array;
    const vocab = data.length / (lanes * columns);
    return Array.from({ length: lanes }, (_, lane) => {
      const start = ((lane + 1) * columns - 1) * vocab;
      let best = 0;
      for (let id = 1; id < vocab; id++) {
        if ((data[start + id] as number) > (data[start + best] as number)) best = id;
      }
      return best;
    });
  }
}
