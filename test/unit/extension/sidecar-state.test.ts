import { expect, test } from "vitest";
import { type SidecarState, statusText } from "../../../extension/sidecar/sidecar-state.ts";

const STATES: [SidecarState, string][] = [
  [{ kind: "off" }, "$(circle-outline) Refract"],
  [{ kind: "restricted" }, "$(workspace-untrusted) Refract: restricted"],
  [{ kind: "starting" }, "$(loading~spin) Refract: starting"],
  [{ kind: "loading", model: "demo", fraction: 0.43 }, "$(loading~spin) Refract: loading 43%"],
  [{ kind: "loading", model: "demo", fraction: null }, "$(loading~spin) Refract: loading"],
  [{ kind: "ready", model: "demo", provider: "cpu" }, "$(check) demo/cpu"],
  [{ kind: "ready", model: null, provider: null }, "$(check) Refract: ready"],
  [{ kind: "failed", why: "No Node." }, "$(error) Refract: failed"],
];

test.each(STATES)("the status item says what state %j is", (state, text) => {
  expect(statusText(state).text).toBe(text);
});

test("a failure says why and where to look", () => {
  expect(statusText({ kind: "failed", why: "No Node." }).tooltip).toBe("No Node. Click for the log.");
});
