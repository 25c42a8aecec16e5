import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { selectDirection } from "../../../sidecar/experiments/directions/selection-rule.ts";
import { readCandidates } from "../../../sidecar/runs/candidates-file.ts";

const published = new URL("../../fixtures/refusal_direction/gemma-2b-it.direction_evaluations.json", import.meta.url);

function candidates(text: string) {
  const file = join(mkdtempSync(join(tmpdir(), "refract-")), "k.json");
  writeFileSync(file, text);
  return readCandidates(file, null).candidates;
}

describe("the selection rule", () => {
  it("makes the reference implementation's choice from its published candidates (refusal_direction at 9d852fa, gemma-2b-it)", () => {
    const { winner, total, left } = selectDirection(readCandidates(published.pathname, null).candidates, 18);
    expect({ total, left, position: winner?.position, layer: winner?.layer }).toEqual({
      total: 90,
      left: 13,
      position: -2,
      layer: 10,
    });
  });

  it("lets a slightly negative KL divergence win, as it is", () => {
    const selection = selectDirection(
      candidates('[{"position":-1,"layer":2,"refusal_score":-3,"steering_score":1,"kl_div_score":-1e-7}]'),
      10,
    );
    expect(selection.winner?.kl_div_score).toBe(-1e-7);
    expect(selection.dropped).toEqual({ nan: 0, layer: 0, kl: 0, induce: 0 });
  });

  it.each(["NaN", "null", "Infinity"])(
    "drops a candidate whose KL divergence is %s and says why none is left",
    (value) => {
      const selection = selectDirection(
        candidates(`[{"position":-1,"layer":2,"refusal_score":-3,"steering_score":1,"kl_div_score":${value}}]`),
        10,
      );
      expect(selection).toMatchObject({ winner: null, left: 0, dropped: { nan: 1, layer: 0, kl: 0, induce: 0 } });
      expect(selection.because).toBe("None of 1 candidates is left: 1 have a score that is not a number.");
    },
  );

  it("keeps layer 31 of 40 and leaves out layer 32", () => {
    const at = (layer: number) => ({ position: -1, layer, refusal_score: -1, steering_score: 1, kl_div_score: 0 });
    expect(selectDirection([at(31)], 40).left).toBe(1);
    expect(selectDirection([at(32)], 40).dropped.layer).toBe(1);
  });

  it("refuses a list of something else, naming the field", () => {
    expect(() => candidates('[{"position":-1,"layer":"two"}]')).toThrow(
      /entry 0, layer: expected a number, found "two"/,
    );
  });

  it("chooses in a run among those that were scored on all prompts, and counts those that left early", () => {
    const run = mkdtempSync(join(tmpdir(), "refract-"));
    const scored = { position: -1, layer: 2, refusal_score: -3, steering_score: 1, kl_div_score: 0.01 };
    const raced = [{ candidate: { ...scored, layer: 3, refusal_score: -9 }, prompts: 4, why: "others do more" }];
    const line = { experiment: "@components", kind: "component", type: "unit", unit: "cyber" };
    writeFileSync(
      join(run, "results.ndjson"),
      `${JSON.stringify({ ...line, data: { component: "cyber", candidates: [scored], raced } })}\n`,
    );
    expect(readCandidates(run, null)).toEqual({ candidates: [scored], leftEarly: 1 });
  });
});
