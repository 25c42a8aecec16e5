import type { Tensor } from "onnxruntime-node";
import type { CallOptions, EncodeRequest, EncodeResult } from "../../../shared/engine/engine.ts";
import { RefractError, refused } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import { asFloat32, float32, integers } from "../run/tensors.ts";
import { ENCODE, type EncodeOutputs } from "./encode-graph.ts";
import type { EncoderSessions } from "./encoder-sessions.ts";

/** Activations that one run of the graph makes, 64 MiB of them; more rows go in pieces. Larger ones read the weights less often: 32 MiB took 7% longer. */
const VALUES_PER_RUN = 16 * 1024 * 1024;

/** Encodes activations with a dictionary; see `Engine.encode`. */
export async function encode(
  sessions: EncoderSessions,
  request: EncodeRequest,
  { signal }: CallOptions,
): Promise<EncodeResult> {
  const { dictionary, activations, features } = request;
  const { dIn, dOut } = dictionary;
  if (activations.length % dIn !== 0) {
    throw refused(`${dictionary.path}: encode: ${activations.length} values, expected a multiple of ${dIn} (d_in)`);
  }
  const outside = features.find((j) => !Number.isSafeInteger(j) || j < 0 || j >= dictionary.features);
  if (outside !== undefined) {
    throw refused(`${dictionary.path}: has features 0 to ${dictionary.features - 1}, found feature ${outside}`);
  }
  const n = activations.length / dIn;
  const top = Math.min(request.top, dictionary.features);
  const outputs: EncodeOutputs = {
    top: top > 0,
    chosen: features.length > 0,
    active: request.active,
    statistics: request.statistics,
    reconstruction: request.reconstruct,
  };
  const result: EncodeResult = {
    topFeatures: new Int32Array(n * top),
    topActivations: new Float32Array(n * top),
    chosen: new Float32Array(n * features.length),
    active: new Float32Array(request.active ? n : 0),
    fired: new Float32Array(request.statistics ? dictionary.features : 0),
    sum: new Float32Array(request.statistics ? dictionary.features : 0),
    reconstruction: new Float32Array(request.reconstruct ? n * dOut : 0),
    ...sessions.placeOf(dictionary),
  };
  if (n === 0 || Object.values(outputs).every((on) => !on)) return result;
  const rowsPerRun = Math.max(1, Math.floor(VALUES_PER_RUN / dictionary.features));
  for (let first = 0; first < n; first += rowsPerRun) {
    if (signal?.aborted === true) throw new RefractError("cancelled", "Encoding was stopped.");
    const rows = Math.min(rowsPerRun, n - first);
    const feeds: Record<string, Tensor> = {
      [ENCODE.x]: float32(activations.subarray(first * dIn, (first + rows) * dIn), [rows, dIn]),
    };
    if (outputs.top) feeds[ENCODE.top] = integers([top], [1], "int64");
    if (outputs.chosen) feeds[ENCODE.chosen] = integers(features, [features.length], "int64");
    const made = await sessions.run(dictionary, outputs, feeds);
    collect(made, result, { first, top, chosen: features.length, dOut });
    for (const tensor of Object.values(made)) tensor.dispose();
  }
  refuseNotFinite(result, dictionary, activations);
  return { ...result, ...sessions.placeOf(dictionary) };
}

function collect(
  made: Readonly<Record<string, Tensor>>,
  result: EncodeResult,
  { first, top, chosen, dOut }: { first: number; top: number; chosen: number; dOut: number },
): void {
  const floats = (name: string): Float32Array | null => {
    const tensor = made[name];
    return tensor === undefined ? null : asFloat32(tensor);
  };
  const put = (into: Float32Array, name: string, offset: number) => {
    const values = floats(name);
    if (values !== null) into.set(values, offset);
  };
  const add = (into: Float32Array, name: string) => {
    const values = floats(name);
    for (let j = 0; values !== null && j < values.length; j++) into[j] = (into[j] as number) + (values[j] as number);
  };
  put(result.topActivations, ENCODE.topActivations, first * top);
  const indices: unknown = made[ENCODE.topFeatures]?.data;
  if (indices instanceof BigInt64Array) result.topFeatures.set(Array.from(indices, Number), first * top);
  put(result.chosen, ENCODE.chosenActivations, first * chosen);
  put(result.active, ENCODE.active, first);
  add(result.fired, ENCODE.fired);
  add(result.sum, ENCODE.sum);
  put(result.reconstruction, ENCODE.reconstruction, first * dOut);
}

function refuseNotFinite(result: EncodeResult, dictionary: Dictionary, activations: Float32Array): void {
  const bad = (values: Float32Array) => values.some((value) => !Number.isFinite(value));
  if (![result.topActivations, result.chosen, result.sum, result.reconstruction].some(bad)) return;
  const source = bad(activations) ? "the activations hold NaN or an infinity" : "its numbers overflow on them";
  throw new RefractError("failed", `${dictionary.path}: the activations of its features are not finite: ${source}.`);
}
