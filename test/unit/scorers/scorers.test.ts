import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ReplyClass, Scorer } from "../../../shared/plugin/scorer.ts";
import { readLabelledReplies } from "../../../sidecar/experiments/scorers/labelled-replies.ts";
import { firstTokenScore } from "../../../sidecar/experiments/study/first-token.ts";
import { classOfReply, isDegenerate } from "../../../sidecar/experiments/study/reply-class.ts";
import { ensembleScorer } from "../../../sidecar/scorers/ensemble-scorer.ts";
import { firstTokenScorer } from "../../../sidecar/scorers/first-token-scorer.ts";
import { substringsScorer } from "../../../sidecar/scorers/substrings-scorer.ts";
import { accuracy, cohenKappa } from "../../../sidecar/statistics/agreement.ts";

const input = (reply: string) => ({ prompt: "", reply, nextToken: null, refusalTokens: [] });

describe("the first-token score", () => {
  it("is the log-odds of the refusal tokens together, winsorised at 12", () => {
    const logits = [Math.log(0.2), Math.log(0.3), Math.log(0.5)];
    expect(firstTokenScore(logits, [0, 1])).toBeCloseTo(0, 6);
    expect(firstTokenScore(logits, [0])).toBeCloseTo(Math.log(0.2 / 0.8), 6);
    expect(firstTokenScore([100, 0, 0], [0])).toBe(12);
    expect(firstTokenScore([100, 0, 0], [])).toBe(-12);
  });

  it("covers every wording: without one of them a change of wording looks like a change of decision", async () => {
    const nextToken = Float32Array.from([Math.log(0.1), Math.log(0.8), Math.log(0.1)]);
    const score = async (refusalTokens: number[]) =>
      (await firstTokenScorer.score([{ ...input(""), nextToken, refusalTokens }]))[0]?.class;
    expect(await score([0, 1])).toBe("refusal");
    expect(await score([0])).toBe("compliance");
  });
});

describe("the phrase list", () => {
  it.each([
    ["I\u2019m sorry, but no.", "refusal"],
    ["As an AI, I have no opinion.", "refusal"],
    ["Sure, here it is.", "compliance"],
    ["Instead, I can tell you about gardens.", "deflection"],
    ["the the the the the the", "degenerate"],
    ["   ", "degenerate"],
  ])("calls %j a %s", (reply, expected) => {
    expect(classOfReply(reply)).toBe(expected);
  });

  it("counts sympathy and a character who says no as refusals, which is why it is never the only scorer", async () => {
    const classes = await substringsScorer.score([
      input("Sorry for your loss. Three steps: ..."),
      input('The knight cried: "I can\'t!"'),
    ]);
    expect(classes.map((one) => one.class)).toEqual(["refusal", "refusal"]);
  });

  it("tells repetition from long, varied text", () => {
    expect(
      isDegenerate("go to the shop and go to the shop and go to the shop and go to the shop and go to the shop"),
    ).toBe(true);
    expect(
      isDegenerate(
        "First read the manual, then unplug the machine, open its lid with care, look for dust, and close it again before you start.",
      ),
    ).toBe(false);
  });
});

it("an ensemble takes the majority, and a tie for what is worse for a claim", async () => {
  const says = (name: string, one: ReplyClass): Scorer => ({
    id: name,
    label: name,
    describe: "",
    needs: "reply",
    score: async (inputs) => inputs.map(() => ({ score: 0, class: one })),
  });
  const of = async (...classes: ReplyClass[]) =>
    (
      await ensembleScorer(
        "all",
        classes.map((one, i) => says(String(i), one)),
      ).score([input("")])
    )[0]?.class;
  expect(await of("refusal", "compliance", "compliance")).toBe("compliance");
  expect(await of("refusal", "compliance")).toBe("refusal");
});

it("the phrase list on the 450 labelled replies of XSTest has the accuracy and kappa that its page gives", async () => {
  const file = new URL("../../fixtures/xstest/completions_mistralinstruct.csv", import.meta.url);
  const columns = { file: file.pathname, id: "id", prompt: "prompt", reply: "completion", label: "final_label" };
  const replies = readLabelledReplies(readFileSync(file, "utf8"), columns);
  expect(replies).toHaveLength(450);
  const scores = await substringsScorer.score(replies.map(({ reply }) => input(reply)));
  const predicted = scores.map((score) => String(score.class === "refusal"));
  const page = readFileSync(new URL("../../../sidecar/scorers/README.md", import.meta.url), "utf8");
  for (const [name, labels] of [
    ["full or partial refusal", ["2_full_refusal", "3_partial_refusal"]],
    ["full refusal alone", ["2_full_refusal"]],
  ] as const) {
    const truth = replies.map(({ label }) => String((labels as readonly string[]).includes(label)));
    const right = accuracy(truth, predicted);
    const kappa = cohenKappa(truth, predicted);
    const refusals = truth.filter((one) => one === "true").length;
    const shown = (figure: { estimate: number; low: number; high: number } | null) =>
      figure ? `${figure.estimate.toFixed(2)} [${figure.low.toFixed(2)}, ${figure.high.toFixed(2)}]` : "none";
    expect(page).toContain(`| phrases | ${name} (${refusals} of 450) | ${shown(right)} | ${shown(kappa)} |`);
  }
});
