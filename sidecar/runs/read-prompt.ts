import { type HookPoint, hookPoint, type Site } from "../../shared/engine/hook-point.ts";
import type { TokenLedger } from "../../shared/engine/token-ledger.ts";
import { RefractError, refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { Reading } from "../../shared/plugin/reading.ts";
import type { PromptReading } from "../../shared/plugin/study.ts";
import { NO_EDITS } from "../experiments/study/edit-rows.ts";
import type { StudyModel } from "./study-model.ts";

interface ReadRequest {
  ledger: TokenLedger;
  site: Site;
  /** For a reading that needs a direction: the component whose first vector it is. */
  component: Component | null;
  refusalTokens: readonly number[];
  signal: AbortSignal;
}

/** Runs one prompt without edits and takes a reading of it at every layer. Refused, by its id, where the reading gives the wrong shape. */
export async function readPrompt(
  reading: Reading,
  engine: StudyModel["engine"],
  { ledger, site, component, refusalTokens, signal }: ReadRequest,
): Promise<PromptReading> {
  const { id, label, unit, needs } = reading;
  if (needs.direction && component === null) throw refused(`The reading "${id}" needs a component to read.`);
  const points = Array.from({ length: engine.model.layers }, (_, layer) => hookPoint(site, layer));
  const captures = needs.activations ? points.map((at) => ({ at, positions: "all" as const })) : [];
  const result = await engine.forward(
    { lanes: [{ ids: ledger.ids, edits: NO_EDITS }], captures, logits: needs.logits ? "all" : "none" },
    { signal },
  );
  const activations: Partial<Record<HookPoint, Float32Array>> = {};
  for (const { at } of captures) activations[at] = result.captures[at]?.[0] ?? new Float32Array();
  const values = await reading.read(
    {
      engine,
      ledger,
      site,
      activations,
      logits: result.logits[0] ?? new Float32Array(),
      direction: component && {
        name: component.name,
        at: hookPoint(component.site, component.layer),
        vector: component.vectors[0] ?? new Float32Array(engine.model.dModel),
        provenance: component.provenance,
      },
      refusalTokens,
    },
    { signal },
  );
  const tokens = ledger.ids.length;
  if (!(values instanceof Float32Array) || values.length !== points.length * tokens) {
    const found = values instanceof Float32Array ? `${values.length} values` : "no Float32Array";
    throw new RefractError(
      "failed",
      `The reading "${id}" gave ${found}, expected ${points.length} layers x ${tokens} tokens.`,
    );
  }
  return {
    label,
    unit,
    values: points.map((_, layer) =>
      Array.from(values.subarray(layer * tokens, (layer + 1) * tokens), (value) =>
        Number.isFinite(value) ? Math.round(value * 1e5) / 1e5 : null,
      ),
    ),
  };
}
