import { expect, test } from "vitest";
import { type SidecarState, statusText } from "../../../extension/sidecar/sidecar-state.ts";

const STATES: [SidecarState, string][] = [
  [{ kind: "off" }, "$(circle-outline) Refract"],
  [{ kind: "restricted" }, "$(workspace-untrusted) Refract: restricted"],
  [{ kind: "starting" }, "$(loading~spin) Refract: starting"],
  [
    { kind: "loading", model: "demo", stage: "loading weights", fraction: 0.43 },
    "$(loading~spin) Refract: loading 43%",
  ],
  [{ kind: "loading", model: "demo", stage: "opening", fraction: null }, "$(loading~spin) Refract: loading"],
  [{ kind: "ready", model: "demo", provider: "cpu" }, "$(check) demo/cpu"],
  [{ kind: "ready", model: null, provider: null }, "$(check) Refract: ready"],
  [{ kind: "failed", why: "No Node." }, "$(error) Refract: failed"],
];

test.each(STATES)("the status item says what state %j is", (state, text) => {
  expect(statusText(state).text).toBe(text);
});

test("while a model loads the tooltip says what is done for it", () => {
  const state: SidecarState = { kind: "loading", model: "demo", stage: "checking the cut model", fraction: 0.5 };
  expect(statusText(state).tooltip).toBe("demo: checking the cut model.");
});

test("a failure says why and where to look", () => {
  expect(statusText({ kind: "failed", why: "No Node." }).tooltip).toBe("No Node. Click for the log.");
});
