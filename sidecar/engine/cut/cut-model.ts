import { realpathSync } from "node:fs";
import { withAllLogits } from "../find/all-logits.ts";
import { withFullCaches } from "../find/full-caches.ts";
import { type MappedModel, mapModel } from "../find/mapped-model.ts";
import { quantisesTogether } from "../find/quantised-together.ts";
import { locateModel } from "../read/locate-model.ts";
import { readConfiguration } from "../read/model-configuration.ts";
import type { OnnxModel } from "../read/onnx-model.ts";
import { readModel } from "../read/read-model.ts";
import { writeModel } from "../read/write-model.ts";
import type { CutModel } from "./block.ts";
import { blockSizes } from "./block-sizes.ts";
import { cutBlock } from "./cut-block.ts";

/**
 * Reads a model from its folder or .onnx file, finds its residual stream, and cuts it into blocks of layers and a head.
 * Weights are never read. Throws a RefractError (`refused`) where the files are torn, incomplete, or nothing that the engine can run.
 */
export function cutModel(path: string, options: { blocks?: number } = {}): CutModel {
  const mapped = mappedModel(path);
  const { configuration } = mapped;
  const sizes = blockSizes(mapped.stream.layers, options.blocks);
  return {
    layers: mapped.stream.layers,
    dModel: mapped.dModel,
    vocabSize: mapped.vocabSize,
    architecture: configuration.architecture,
    exporter: mapped.exporter,
    kv: mapped.kv,
    precision: mapped.precision,
    hookPoints: mapped.stream.places.flatMap((place) => place.hooks),
    contextLength: configuration.contextLength,
    endTokens: configuration.endTokens,
    warnings: mapped.warnings,
    quantisesTogether: quantisesTogether(mapped.model.graph),
    hash: mapped.model.hash,
    blocks: sizes.map(([first, last]) => cutBlock(mapped, { first, last })),
    head: cutBlock(mapped, "head"),
    files: filesOf(mapped.model),
    untouched: () => ({
      graph: writeModel(mapped.model, mapped.model.graph),
      weightsFolder: mapped.model.weightsFolder,
    }),
  };
}

/** Reads a model and maps its residual stream, without cutting it. */
export function mappedModel(path: string): MappedModel {
  const location = locateModel(path);
  const configuration = readConfiguration(location);
  return mapModel(location, withAllLogits(withFullCaches(readModel(location.graph))), configuration);
}

function filesOf(model: OnnxModel): string[] {
  const weights = [...model.graph.initializers.values()].flatMap(({ span }) => (span === undefined ? [] : [span.path]));
  return [...new Set([realpathSync(model.path), ...weights])];
}
