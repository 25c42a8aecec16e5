import type { Tensor } from "onnxruntime-node";
import type { KvStyle } from "../../../shared/engine/model-description.ts";
import type { Block } from "../cut/block.ts";
import { zeros } from "./tensors.ts";

/** What happens to keys and values after a step. */
export type CachePolicy =
  /** One pass: nothing follows it. */
  | { keep: false }
  /** Decoding; `capacity` is the longest sequence that will be reached. */
  | { keep: true; capacity: number };

/**
 * Keys and values of one block for one batch.
 * GroupQueryAttention on the CPU writes into a buffer that is both past and present; elsewhere each step's present is the next step's past.
 */
export class KvCache {
  private readonly block: Block;
  private readonly policy: CachePolicy;
  private readonly inPlace: boolean;
  private pasts: Map<string, Tensor>;
  /** What does not change from step to step where the cache is in place. */
  private fixed: { feeds: Record<string, Tensor>; fetches: Record<string, Tensor | null> } | null = null;

  constructor(block: Block, lanes: number, style: KvStyle, policy: CachePolicy, onDevice: boolean) {
    this.block = block;
    this.policy = policy;
    this.inPlace = policy.keep && style === "group-query" && !onDevice;
    const positions = this.inPlace && policy.keep ? policy.capacity : 0;
    this.pasts = new Map();
    for (const { pastKey, pastValue, heads, headDim, type } of block.kv) {
      for (const name of [pastKey, pastValue]) this.pasts.set(name, zeros(type, [lanes, heads, positions, headDim]));
    }
    if (this.inPlace) this.fixed = { feeds: Object.fromEntries(this.pasts), fetches: this.presents() };
  }

  /** The past of this step, by input name. */
  feeds(): Readonly<Record<string, Tensor>> {
    return this.fixed?.feeds ?? Object.fromEntries(this.pasts);
  }

  /** What to fetch of the present, by output name: the buffer to write into, or null for a new tensor. */
  fetches(): Readonly<Record<string, Tensor | null>> {
    return this.fixed?.fetches ?? this.presents();
  }

  private presents(): Record<string, Tensor | null> {
    const fetches: Record<string, Tensor | null> = {};
    if (!this.policy.keep) return fetches;
    for (const layer of this.block.kv) {
      for (const [past, present] of pairs(layer)) {
        fetches[present] = this.inPlace ? (this.pasts.get(past) ?? null) : null;
      }
    }
    return fetches;
  }

  /** Takes over the present, or frees it after a single pass. */
  update(outputs: Readonly<Record<string, Tensor>>): void {
    if (this.inPlace) return;
    for (const layer of this.block.kv) {
      for (const [past, present] of pairs(layer)) {
        const tensor = outputs[present];
        if (tensor === undefined) continue;
        if (!this.policy.keep) {
          release(tensor);
          continue;
        }
        release(this.pasts.get(past));
        this.pasts.set(past, tensor);
      }
    }
  }

  dispose(): void {
    for (const tensor of this.pasts.values()) release(tensor);
    this.pasts = new Map();
    this.fixed = null;
  }
}

function pairs(layer: Block["kv"][number]): [past: string, present: string][] {
  return [
    [layer.pastKey, layer.presentKey],
    [layer.pastValue, layer.presentValue],
  ];
}

function release(tensor: Tensor | undefined): void {
  if (tensor !== undefined && tensor.location === "gpu-buffer") tensor.dispose();
}
