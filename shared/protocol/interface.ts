import { z } from "zod";
import {
  compareEventSchema,
  compareParamsSchema,
  compareResultSchema,
  offeredConditionSchema,
} from "./compare-stream.ts";
import { trustParamsSchema, trustResultSchema } from "./dictionary-messages.ts";
import {
  describeFeatureParamsSchema,
  featureDescriptionSchema,
  featureSuiteSchema,
  featureVectorsSchema,
  firingParamsSchema,
  firingSchema,
  followedSchema,
  followParamsSchema,
  foundFeaturesSchema,
  searchFeaturesParamsSchema,
  strongestFeaturesParamsSchema,
  strongestFeaturesSchema,
  suiteParamsSchema,
  writeFeatureVectorsParamsSchema,
} from "./feature-messages.ts";
import type { Progress } from "./frames.ts";
import {
  cellParamsSchema,
  cellSchema,
  directionReferenceSchema,
  inspectionSchema,
  inspectParamsSchema,
  readingChoiceSchema,
} from "./inspect-messages.ts";
import { foundModelSchema, openModelSchema } from "./model-messages.ts";
import { promptSchema } from "./prompt-messages.ts";
import {
  runEventSchema,
  runParamsSchema,
  runResultSchema,
  specCheckParamsSchema,
  specCheckSchema,
  specCompleteParamsSchema,
  specCompleteSchema,
} from "./run-messages.ts";

const nothing = z.object({});

/**
 * Every call of the protocol, once: parameters, result and, for a stream, its events. The client's functions and the server's handlers are both
 * derived from this table, so that neither can know a call that the other doesn't.
 */
export const METHODS = {
  "server.info": {
    params: nothing,
    result: z.object({ version: z.string(), pid: z.int(), node: z.string() }),
  },
  "models.find": { params: nothing, result: z.object({ models: z.array(foundModelSchema) }) },
  "models.open": { params: z.object({ path: z.string() }), result: openModelSchema },
  "models.list": { params: nothing, result: z.object({ models: z.array(openModelSchema) }) },
  "models.close": { params: z.object({ path: z.string() }), result: nothing },
  "plugins.load": {
    params: z.object({ paths: z.array(z.string()) }),
    result: z.object({ plugins: z.array(z.object({ name: z.string(), path: z.string() })) }),
  },
  "readings.list": { params: nothing, result: z.object({ readings: z.array(readingChoiceSchema) }) },
  /** Directions that a projection can read: those of a file, or the model's own where it ships some (`file` null). */
  "directions.list": {
    params: z.object({ model: z.string(), file: z.string().nullable() }),
    result: z.object({ directions: z.array(directionReferenceSchema) }),
  },
  /** Tokens of each prompt under the model's template; loads the tokenizer and never the model. */
  "tokens.count": {
    params: z.object({ model: z.string(), prompts: z.array(promptSchema).max(1000) }),
    result: z.object({ counts: z.array(z.int()) }),
  },
  inspect: { params: inspectParamsSchema, result: inspectionSchema },
  "inspect.cell": { params: cellParamsSchema, result: cellSchema },
  /** The dictionaries of a model. */
  "features.suite": { params: suiteParamsSchema, result: featureSuiteSchema },
  "features.search": { params: searchFeaturesParamsSchema, result: foundFeaturesSchema },
  "features.strongest": { params: strongestFeaturesParamsSchema, result: strongestFeaturesSchema },
  "features.describe": { params: describeFeatureParamsSchema, result: featureDescriptionSchema },
  /** Reads through the decoders of a whole suite: seconds where it is large. */
  "features.follow": { params: followParamsSchema, result: followedSchema },
  /** Runs every prompt of a set, with progress; cancelling it stops between two batches. */
  "features.firing": { params: firingParamsSchema, result: firingSchema },
  "features.write": { params: writeFeatureVectorsParamsSchema, result: featureVectorsSchema },
  /** How far dictionaries can be trusted on a model, measured on prompts. */
  "dictionaries.trust": {
    params: trustParamsSchema,
    result: trustResultSchema,
  },
  /** What the encoders of dictionaries may hold in memory, of every model that is open or will be. */
  "dictionaries.budget": { params: z.object({ megabytes: z.number().min(1) }), result: nothing },
  "conditions.list": {
    params: z.object({ file: z.string() }),
    result: z.object({ conditions: z.array(offeredConditionSchema) }),
  },
  /** What is wrong in a spec, as far as that needs no model. */
  "spec.check": { params: specCheckParamsSchema, result: specCheckSchema },
  /** What may be typed at a place of a spec, with what its plugins add. */
  "spec.complete": { params: specCompleteParamsSchema, result: specCompleteSchema },
  /** Runs every experiment of a spec; the run folder holds all results, and a run that was cancelled can be resumed. */
  run: { params: runParamsSchema, event: runEventSchema, result: runResultSchema },
  /** A run's results as one HTML page that opens offline. */
  "run.report": { params: z.object({ folder: z.string() }), result: z.object({ html: z.string() }) },
  compare: { params: compareParamsSchema, event: compareEventSchema, result: compareResultSchema },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType; event?: z.ZodType }>;

type Methods = typeof METHODS;
export type MethodName = keyof Methods;
export type StreamName = { [N in MethodName]: Methods[N] extends { event: z.ZodType } ? N : never }[MethodName];
export type RequestName = Exclude<MethodName, StreamName>;

export type ParamsOf<N extends MethodName> = z.output<Methods[N]["params"]>;
export type ResultOf<N extends MethodName> = z.output<Methods[N]["result"]>;
export type EventOf<N extends StreamName> = Methods[N] extends { event: infer E extends z.ZodType }
  ? z.output<E>
  : never;

/** What a handler is given beside its parameters. */
export interface Call {
  signal: AbortSignal;
  progress(progress: Progress): void;
}

export interface StreamCall<Event> extends Call {
  /** Resolves when there is room for another event: awaiting it is what slows a stream down to its client. */
  emit(event: Event): Promise<void>;
}

/** The server's side. */
export type Handlers = {
  [N in RequestName]: (params: ParamsOf<N>, call: Call) => Promise<ResultOf<N>>;
} & {
  [N in StreamName]: (params: ParamsOf<N>, call: StreamCall<EventOf<N>>) => Promise<ResultOf<N>>;
};

export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** The client's side. */
export interface RefractClient {
  request<N extends RequestName>(method: N, params: ParamsOf<N>, options?: CallOptions): Promise<ResultOf<N>>;
  /** Resolves with the stream's result, after every event; an `onEvent` that is slow slows this stream and nothing else. */
  stream<N extends StreamName>(
    method: N,
    params: ParamsOf<N>,
    onEvent: (event: EventOf<N>) => void | Promise<void>,
    options?: CallOptions,
  ): Promise<ResultOf<N>>;
}
