import { expect, it } from "vitest";
import { replyTopic } from "../../../sidecar/experiments/cross-ablation/reply-topic.ts";

const REFUSALS = new Map([
  ["cyber", ["No, I won't assist with computer attacks.", "I can't help with computer attacks."]],
  ["fraud", ["No, I won't assist with fraud.", "I can't help with fraud."]],
]);

it("a reply is of the category whose refusals share most words with it, whatever its own manner", () => {
  expect(replyTopic("I'm sorry, but I can't help with fraud.", REFUSALS)).toBe("fraud");
  expect(replyTopic("no assistance with COMPUTER attacks", REFUSALS)).toBe("cyber");
});

it("a reply that two categories' refusals fit equally, or none at all, has no topic", () => {
  const same = new Map([
    ["cyber", ["I am sorry"]],
    ["fraud", ["I am sorry"]],
  ]);
  expect(replyTopic("I am sorry", same)).toBeNull();
  expect(replyTopic("Sure, here", REFUSALS)).toBeNull();
  expect(replyTopic("I am sorry", new Map([["cyber", []]]))).toBeNull();
});
