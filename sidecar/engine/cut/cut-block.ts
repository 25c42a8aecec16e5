import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import { baseOf } from "../find/graph-index.ts";
import { floatType, type MappedModel } from "../find/mapped-model.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { OnnxGraph } from "../read/onnx-model.ts";
import { makeValueInfo, type ValueInfo } from "../read/value-info.ts";
import { writeModel } from "../read/write-model.ts";
import { cacheRows } from "../splice/cache-rows.ts";
import { GraphPatch } from "../splice/graph-patch.ts";
import { lensOutputs } from "../splice/lens-outputs.ts";
import { measuredBank } from "../splice/measured-bank.ts";
import { dictionaryBank, packedBanks, type SlotBank } from "../splice/slot-bank.ts";
import { boundaryName, splicePlace } from "../splice/splice-place.ts";
import type { Block, FloatType, Instrumentation, InstrumentedGraph, KvInterface } from "./block.ts";
import { type SliceBounds, sliceGraph } from "./block-slice.ts";
import { upstreamShapes } from "./upstream-shapes.ts";

const ENTRY = "refract/entry";
const BARE: Instrumentation = { slots: [], dictionaries: [], captures: [] };

/** The layers of a block, or the head, which has none. */
type Extent = { first: number; last: number } | "head";

/** Cuts consecutive layers, or the head, out of a model as a graph of its own. */
export function cutBlock(mapped: MappedModel, extent: Extent): Block {
  const { stream } = mapped;
  const first = extent === "head" ? stream.layers : extent.first;
  const last = extent === "head" ? stream.layers : extent.last;
  const end = extent === "head" ? undefined : stream.starts[last + 1];
  const kv = extent === "head" ? [] : cacheOf(mapped, first, last);
  const hookPoints = extent === "head" ? [] : hooksBetween(mapped, first, last).flatMap((place) => place.hooks);
  const bare = build(mapped, extent, BARE).sliced;
  const input = (name: string) => (bare.inputs.some((value) => value.name === name) ? name : undefined);
  const logits =
    extent === "head" ? { name: "logits", type: floatType(mapped.model.path, mapped.index, "logits") } : undefined;
  return {
    first,
    last,
    hookPoints,
    instrument: (instrumentation) => {
      for (const at of [...instrumentation.slots, ...instrumentation.dictionaries, ...instrumentation.captures]) {
        if (!hookPoints.includes(at)) {
          throw refused(`${at} is not a hook point of the block of layers ${first} to ${last}.`);
        }
      }
      return build(mapped, extent, instrumentation).instrumented();
    },
    weightsFolder: mapped.model.weightsFolder,
    ...optional("inputIds", input("input_ids")),
    ...optional("attentionMask", input("attention_mask")),
    ...optional("positionIds", input("position_ids")),
    ...optional("entry", first === 0 ? undefined : { name: ENTRY, type: "float32" as const }),
    ...optional("exit", end === undefined ? undefined : exitAt(mapped, end)),
    ...optional("logits", logits),
    kv,
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [name in K]?: V } {
  const found: { [name in K]?: V } = {};
  if (value !== undefined) {
    found[key] = value;
  }
  return found;
}

/** The places of a block with the hook points that belong to it: of the place where it begins only `resid_pre`, of its end only `resid_post`. */
function hooksBetween(mapped: MappedModel, first: number, last: number): { place: number; hooks: HookPoint[] }[] {
  const { stream } = mapped;
  const begin = stream.starts[first] ?? 0;
  const end = stream.starts[last + 1] ?? 0;
  const found: { place: number; hooks: HookPoint[] }[] = [];
  for (let place = begin; place <= end; place++) {
    const hooks = stream.places[place]?.hooks ?? [];
    found.push({
      place,
      hooks: hooks.filter(
        (hook) =>
          !(place === begin && hook.startsWith("resid_post")) && !(place === end && hook.startsWith("resid_pre")),
      ),
    });
  }
  return found;
}

function build(
  mapped: MappedModel,
  extent: Extent,
  wanted: Instrumentation,
): { sliced: OnnxGraph; instrumented: () => InstrumentedGraph } {
  const { stream, index, model, dModel, types } = mapped;
  const patch = new GraphPatch(model.opsets.get("") ?? 0, wanted.fanOut);
  const first = extent === "head" ? stream.layers : extent.first;
  const begin = stream.starts[first] ?? 0;
  const end = extent === "head" ? undefined : stream.starts[extent.last + 1];
  const banks = new Map<HookPoint, SlotBank>();
  const packed =
    wanted.slots.length > 0 ? packedBanks(patch, wanted.slots, wanted.form ?? "general", dModel) : undefined;
  for (const bank of packed?.banks ?? []) {
    banks.set(bank.at, bank);
  }
  const measuredPoints = wanted.measured ?? [];
  const measured = measuredPoints.map((at) => {
    const { names, bank } = measuredBank(patch, at, dModel);
    banks.set(at, bank);
    return names;
  });
  const unmeasured = wanted.dictionaries.filter((at) => !measuredPoints.includes(at));
  const dictionaries = unmeasured.map((at) => {
    if (banks.has(at)) {
      throw refused(`${at} is asked for with packed slots and with a dictionary's; expected one of them.`);
    }
    const { names, bank } = dictionaryBank(patch, at, dModel);
    banks.set(at, bank);
    return names;
  });
  const captureIndices =
    wanted.captures.length > 0 ? patch.input("refract/capture_rows", ELEMENT.int64, ["rows", 2]) : undefined;
  const captures = wanted.captures.map((at) => ({
    at,
    name: patch.output(`refract/${at}/capture`, ELEMENT.float32, ["rows", dModel]),
  }));
  if (first > 0) {
    patch.input(ENTRY, ELEMENT.float32, ["lanes", "positions", dModel]);
  }
  const outputs: ValueInfo[] = [];
  const layers = extent === "head" ? [{ place: begin, hooks: [] }] : hooksBetween(mapped, extent.first, extent.last);
  for (const { place, hooks } of layers) {
    const here = stream.places[place];
    if (here === undefined) {
      continue;
    }
    splicePlace(
      patch,
      {
        place: here,
        position: place === begin && first > 0 ? "begin" : place === end ? "end" : "inner",
        entry: ENTRY,
        producer: index.producers.get(here.value),
        type: types[place] ?? "float32",
      },
      hooks.map((at) => ({ at, bank: banks.get(at), capture: captures.find((capture) => capture.at === at)?.name })),
      captureIndices ?? "",
    );
    if (place === end) {
      outputs.push(makeValueInfo(exitAt(mapped, end).name, ELEMENT.float32, ["lanes", "positions", dModel]));
    }
  }
  const lens =
    extent === "head" && wanted.lens === true
      ? lensOutputs(patch, "logits", floatType(model.path, index, "logits"))
      : undefined;
  const layersOfCache = extent === "head" ? [] : cacheOf(mapped, extent.first, extent.last);
  const added = wanted.cacheRows === true ? cacheRows(patch, layersOfCache) : [];
  const presents = layersOfCache.flatMap(({ presentKey, presentValue }) => [presentKey, presentValue]);
  const produced = extent === "head" ? ["logits"] : added.length === 0 ? presents : [];
  outputs.push(...index.graph.outputs.filter((output) => produced.includes(output.name)), ...patch.outputs);
  const sliced = sliceGraph(index, patch, outputs, bounds(mapped, extent, begin));
  return {
    sliced,
    instrumented: () => ({
      graph: writeModel(model, sliced),
      ...optional("slots", packed?.names),
      dictionaries,
      measured,
      ...optional("captureIndices", captureIndices),
      captures,
      ...optional("lens", lens),
      cacheRows: added,
    }),
  };
}

/** The stream as it leaves a block at a place. */
function exitAt(mapped: MappedModel, place: number): { name: string; type: FloatType } {
  const here = mapped.stream.places[place];
  if (here === undefined) {
    throw new RangeError(`place ${place} of a stream with ${mapped.stream.places.length}`);
  }
  return { name: boundaryName(here, mapped.types[place] ?? "float32"), type: "float32" };
}

function cacheOf(mapped: MappedModel, first: number, last: number): KvInterface[] {
  return mapped.cache.slice(first, last + 1).map((_, offset) => kvInterface(mapped, first + offset));
}

/** What a block must not read of the others, and what stands in where only dimensions are read. */
function bounds(mapped: MappedModel, extent: Extent, begin: number): SliceBounds {
  const { stream, cache, index } = mapped;
  const foreign = new Set<string>();
  const sameShape = new Map<string, string>();
  const own = extent === "head" ? [] : cache.slice(extent.first, extent.last + 1);
  for (const names of cache) {
    if (!own.includes(names)) {
      for (const kind of ["pastKey", "pastValue"] as const) {
        foreign.add(names[kind].name);
        const inside = own[0]?.[kind].name;
        if (inside !== undefined) {
          sameShape.set(names[kind].name, inside);
        }
      }
    }
  }
  if (begin > 0) {
    for (const value of upstreamShapes(mapped, begin)) {
      sameShape.set(value, ENTRY);
    }
    for (const place of stream.places.slice(1, begin)) {
      foreign.add(place.value);
      foreign.add(baseOf(index, place.value));
    }
  }
  return { path: mapped.model.path, foreign, sameShape };
}

function kvInterface(mapped: MappedModel, layer: number): KvInterface {
  const { configuration, model, index } = mapped;
  const names = mapped.cache[layer];
  if (names === undefined) {
    throw refused(`${model.path} has no cache for layer ${layer}.`);
  }
  const [, heads, , size] = names.pastKey.dims ?? [];
  const known = (dim: number | string | undefined, configured: number | null, what: string) => {
    const value = typeof dim === "number" ? dim : configured;
    if (value === null) {
      throw refused(`${model.path}: neither the input "${names.pastKey.name}" nor a configuration says the ${what}.`);
    }
    return value;
  };
  return {
    layer,
    pastKey: names.pastKey.name,
    pastValue: names.pastValue.name,
    presentKey: names.presentKey,
    presentValue: names.presentValue,
    heads: known(heads, configuration.keyValueHeads, "number of key-value heads"),
    headDim: known(size, configuration.headDim, "size of a head"),
    type: floatType(model.path, index, names.pastKey.name),
  };
}
