import type { ForwardRequest, GenerateRequest, Lane } from "../../../shared/engine/engine.ts";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { CutModel } from "../cut/block.ts";

/** Refuses a pass that this model cannot run, before anything runs. */
export function checkForward(request: ForwardRequest, model: CutModel): void {
  checkLanes(request.lanes, model);
  for (const { at, positions } of request.captures) {
    checkPoint(at, model, "a capture");
    if (positions === "all") continue;
    for (const { ids } of request.lanes) {
      const outside = positions.find((position) => position >= ids.length || position < -ids.length);
      if (outside !== undefined) {
        throw refused(`capture at ${at}: position ${outside} lies outside a sequence of ${ids.length} tokens`);
      }
    }
  }
  const { start } = request;
  if (start === undefined) return;
  const firsts = model.blocks.map(({ first }) => first).filter((first) => first > 0);
  if (!firsts.includes(start.layer)) {
    throw refused(`a pass starts at the first layer of a block (${firsts.join(", ")}), found layer ${start.layer}`);
  }
  for (const [lane, { ids }] of request.lanes.entries()) {
    const found = start.activations[lane]?.length;
    if (found !== ids.length * model.dModel) {
      throw refused(
        `lane ${lane}: activations to start from have ${found ?? 0} values, expected ${ids.length} x ${model.dModel}`,
      );
    }
  }
}

export function checkGenerate(request: GenerateRequest, model: CutModel): void {
  checkLanes(request.lanes, model);
  const { maxNewTokens, temperature, topP, seeds } = request;
  if (!Number.isSafeInteger(maxNewTokens) || maxNewTokens < 1) {
    throw refused(`maxNewTokens: expected a whole number above 0, found ${maxNewTokens}`);
  }
  if (!(temperature >= 0) || !Number.isFinite(temperature)) {
    throw refused(`temperature: expected 0 or more, found ${temperature}`);
  }
  if (!(topP > 0 && topP <= 1)) throw refused(`topP: expected more than 0 and at most 1, found ${topP}`);
  if (temperature > 0 && seeds.length !== request.lanes.length) {
    throw refused(`seeds: expected one for each of ${request.lanes.length} lanes, found ${seeds.length}`);
  }
}

function checkLanes(lanes: readonly Lane[], model: CutModel): void {
  for (const [lane, { ids, edits }] of lanes.entries()) {
    if (ids.length === 0) throw refused(`lane ${lane} has no tokens`);
    const outside = ids.findIndex((id) => !Number.isSafeInteger(id) || id < 0 || id >= model.vocabSize);
    if (outside >= 0) {
      throw refused(
        `lane ${lane}: id ${ids[outside]} at position ${outside} is outside the vocabulary (0 to ${model.vocabSize - 1})`,
      );
    }
    if (model.contextLength !== null && ids.length > model.contextLength) {
      throw refused(`lane ${lane} has ${ids.length} tokens, the model's context is ${model.contextLength}`);
    }
    for (const row of edits.rows) {
      checkPoint(row.at, model, "an edit");
      if (row.v.length !== model.dModel || (row.u !== null && row.u.length !== model.dModel)) {
        throw refused(
          `lane ${lane}, edit ${row.edit} at ${row.at}: a vector has ${row.v.length} values, expected ${model.dModel}`,
        );
      }
    }
    for (const drop of edits.drops) checkPoint(drop.at, model, "an edit");
  }
}

function checkPoint(at: HookPoint, model: CutModel, what: string): void {
  if (!model.hookPoints.includes(at)) {
    const first = model.hookPoints[0];
    const last = model.hookPoints.at(-1);
    throw refused(`${what} is at ${at}, which this model does not have (it has ${first} to ${last})`);
  }
}
