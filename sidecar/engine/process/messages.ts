import type {
  EncodeRequest,
  EncodeResult,
  ForwardRequest,
  ForwardResult,
  GenerateRequest,
  GenerateResult,
  LensRequest,
  LensResult,
} from "../../../shared/engine/engine.ts";
import type { ModelDescription } from "../../../shared/engine/model-description.ts";
import type { RefractErrorCode } from "../../../shared/errors.ts";
import type { LoadProgress } from "../run/load-progress.ts";
import type { EngineOptions } from "./engine-options.ts";

/** What the engine process can be asked, by name. */
export interface EngineCalls {
  open: { request: EngineOptions; result: ModelDescription };
  forward: { request: ForwardRequest; result: ForwardResult };
  generate: { request: GenerateRequest; result: GenerateResult };
  lens: { request: LensRequest; result: LensResult };
  encode: { request: EncodeRequest; result: EncodeResult };
  setDictionaryBudget: { request: { bytes: number }; result: null };
}
export type EngineCallName = keyof EngineCalls;

/** Typed arrays that were taken out of a message; see `packArrays`. */
export type PackedArrays = { inline: ArrayBufferView[] } | { file: string; layout: ArrayLayout[] };

export interface ArrayLayout {
  type: "Float32Array" | "Int32Array";
  /** In bytes. */
  offset: number;
  /** In elements. */
  length: number;
}

export type ToEngine =
  | { kind: "call"; id: number; name: EngineCallName; request: unknown; arrays: PackedArrays }
  | { kind: "cancel"; id: number };

export type FromEngine =
  | { kind: "result"; id: number; result: unknown; arrays: PackedArrays }
  | { kind: "error"; id: number; code: RefractErrorCode; message: string; cause: string | null }
  | { kind: "token"; id: number; lane: number; token: number }
  | { kind: "loading"; progress: LoadProgress };
