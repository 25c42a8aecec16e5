import { join, resolve } from "node:path";
import { z } from "zod";
import { type HookPoint, parseHookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { Candidate, RacedCandidate } from "../../shared/plugin/direction-finder.ts";
import type { Study } from "../../shared/plugin/study.ts";
import { type ComponentSpec, isFound, type MadeComponentSpec, type Spec } from "../../shared/spec/spec-schema.ts";
import { loadVectors } from "../edits/load-vectors.ts";
import { sameStream } from "../edits/same-stream.ts";
import { combineComponents, minusComponents } from "../experiments/study/combine-components.ts";
import { readSafetensorsFloats, readSafetensorsHeader, writeSafetensors } from "../files/safetensors.ts";
import type { PluginRegistry } from "../plugins/registry.ts";

/** What a component's unit leaves in the journal; its vectors are in a file of their own. */
export interface ComponentRecord {
  component: string;
  layer: number;
  site: Component["site"];
  position: number | null;
  file: string;
  norms: number[];
  provenance: Component["provenance"];
  foundFrom: Component["foundFrom"];
  candidates: readonly Candidate[];
  /** Candidates that left the search early, with what they were scored on by then. */
  raced?: readonly RacedCandidate[];
  because: string;
  warnings: readonly string[];
}

/** The names that a component is made of. */
export function madeOf(component: ComponentSpec): string[] {
  const parts = isFound(component)
    ? []
    : "span" in component
      ? component.span
      : "shared" in component
        ? component.shared
        : "private" in component
          ? component.private
          : [];
  return [...parts, ...(component.minus ?? [])];
}

/** Components that experiments need, in an order in which each stands after what it is made of. */
export function componentOrder(spec: Spec, needed: Iterable<string>): string[] {
  const order: string[] = [];
  const visit = (name: string) => {
    const component = spec.components[name];
    if (component === undefined || order.includes(name)) return;
    for (const part of madeOf(component)) visit(part);
    order.push(name);
  };
  for (const name of needed) visit(name);
  return order;
}

const originSchema = z.object({ modelHash: z.string().nullable().optional() });

/** Refuses a direction whose file says that it was made at another hook point or on another model, with both values. */
async function checkOrigin(name: string, file: string, at: HookPoint, modelHash: string): Promise<void> {
  if (!/\.safetensors$/i.test(file)) return;
  const { metadata } = await readSafetensorsHeader(file);
  const made = metadata.at;
  if (made !== undefined && parseHookPoint(made) && !sameStream(made as HookPoint, at)) {
    throw refused(`components.${name}.at: ${file} was made at ${made}, the spec puts it at ${at}.`);
  }
  const provenance =
    metadata.provenance === undefined ? undefined : originSchema.safeParse(JSON.parse(metadata.provenance)).data;
  const model = metadata.model ?? provenance?.modelHash;
  if (model && model !== modelHash) {
    throw refused(
      `components.${name}: ${file} was made on the model ${model.slice(0, 12)}, this one is ${modelHash.slice(0, 12)}.`,
    );
  }
}

async function given(
  name: string,
  spec: Extract<MadeComponentSpec, { at: string }>,
  study: Study,
  folder: string,
): Promise<Component> {
  const place = parseHookPoint(spec.at);
  if (!place || !study.engine.model.hookPoints.includes(spec.at as HookPoint)) {
    throw refused(
      `components.${name}.at: the model has no hook point "${spec.at}" (it has ${study.engine.model.hookPoints[0]} to ${study.engine.model.hookPoints.at(-1)}).`,
    );
  }
  const reference = "vector" in spec ? spec.vector : spec.vectors;
  const { rows } = await loadVectors(reference, folder, study.engine.model.dModel);
  await checkOrigin(
    name,
    resolve(folder, reference.split("#")[0] ?? ""),
    spec.at as HookPoint,
    study.engine.model.hash,
  );
  if ("vector" in spec && rows.length !== 1) {
    throw refused(
      `components.${name}.vector: ${reference} has ${rows.length} rows, expected one vector; use vectors for a subspace.`,
    );
  }
  return {
    name,
    layer: place.layer,
    site: place.site,
    position: null,
    vectors: rows,
    provenance: { method: "given", modelHash: null, precision: null, templateHash: null, position: null, prompts: [] },
    foundFrom: null,
  };
}

interface Made {
  component: Component;
  candidates: readonly Candidate[];
  raced?: readonly RacedCandidate[];
  because: string;
  warnings: readonly string[];
}

/** Makes one component from its spec; the ones that it is made of are asked of `study`. */
export async function makeComponent(
  name: string,
  spec: ComponentSpec,
  study: Study,
  registry: PluginRegistry,
  specFolder: string,
): Promise<Made> {
  const made = await makeWhole(name, spec, study, registry, specFolder);
  if (spec.minus === undefined) return made;
  const others = await Promise.all(spec.minus.map((other) => study.component(other)));
  return {
    ...made,
    component: minusComponents(made.component, others),
    because: `${made.because} Made orthogonal to ${spec.minus.join(", ")}.`,
  };
}

async function makeWhole(
  name: string,
  spec: ComponentSpec,
  study: Study,
  registry: PluginRegistry,
  specFolder: string,
): Promise<Made> {
  if (isFound(spec)) {
    const { find, positive, negative, layers, positions, minus: _, ...options } = spec;
    const found = await registry.find("finders", find).find(
      {
        name,
        positive: await study.prompts(positive),
        negative: await study.prompts(negative),
        layers: layers ? { first: layers[0], last: layers[1] } : null,
        positions: positions ?? null,
        options,
      },
      study,
    );
    return { ...found, component: { ...found.component, name } };
  }
  const plain = { candidates: [], warnings: [] };
  if ("at" in spec) {
    return {
      ...plain,
      component: await given(name, spec, study, specFolder),
      because: `Given by the spec, at ${spec.at}.`,
    };
  }
  const parts = await Promise.all(madeOf({ ...spec, minus: undefined }).map((part) => study.component(part)));
  const how =
    "span" in spec
      ? ({ how: "span" } as const)
      : "shared" in spec
        ? ({ how: "shared", bound: spec.above } as const)
        : ({ how: "private", bound: spec.below } as const);
  return {
    ...plain,
    component: combineComponents(name, parts, how),
    because: `The ${how.how === "span" ? "span" : `${how.how} part`} of ${parts.map((part) => part.name).join(" and ")}.`,
  };
}

function componentFile(name: string): string {
  return `component.${name.replace(/[^\w.-]/g, "_")}.safetensors`;
}

/** Writes a component's vectors, and gives what the journal keeps of it. */
export async function storeComponent(
  runFolder: string,
  { component, candidates, raced, because, warnings }: Made,
): Promise<ComponentRecord> {
  const d = component.vectors[0]?.length ?? 0;
  const data = new Float32Array(component.vectors.length * d);
  for (const [k, row] of component.vectors.entries()) data.set(row, k * d);
  const file = componentFile(component.name);
  await writeSafetensors(
    join(runFolder, file),
    new Map([["vectors", { dtype: "F32" as const, shape: [component.vectors.length, d], data }]]),
    {
      at: `${component.site}.${component.layer}`,
      position: String(component.position),
      provenance: JSON.stringify(component.provenance),
    },
  );
  return {
    component: component.name,
    layer: component.layer,
    site: component.site,
    position: component.position,
    file,
    norms: component.vectors.map((row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0))),
    provenance: component.provenance,
    foundFrom: component.foundFrom,
    candidates,
    ...(raced === undefined || raced.length === 0 ? {} : { raced }),
    because,
    warnings,
  };
}

/** Reads a component back from its record. */
export async function loadComponent(runFolder: string, record: ComponentRecord): Promise<Component> {
  const header = await readSafetensorsHeader(resolve(runFolder, record.file));
  const { shape, data } = await readSafetensorsFloats(header, "vectors");
  const d = shape[1] ?? data.length;
  return {
    name: record.component,
    layer: record.layer,
    site: record.site,
    position: record.position,
    vectors: Array.from({ length: shape[0] ?? 1 }, (_, k) => data.slice(k * d, (k + 1) * d)),
    provenance: record.provenance,
    foundFrom: record.foundFrom,
  };
}
