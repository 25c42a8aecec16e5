/** Where the sidecar stands; the status item shows it and nothing else. */
export type SidecarState =
  | { kind: "off" }
  | { kind: "restricted" }
  | { kind: "starting" }
  /** A model is loading; `stage` says what is done for it, `fraction` is `null` where no share is known. */
  | { kind: "loading"; model: string; stage: string; fraction: number | null }
  | { kind: "ready"; model: string | null; provider: string | null }
  | { kind: "reconnecting"; why: string }
  | { kind: "failed"; why: string };

export interface StatusText {
  text: string;
  tooltip: string;
  severity: "normal" | "warning" | "error";
}

/** What the status item says of a state. */
export function statusText(state: SidecarState): StatusText {
  switch (state.kind) {
    case "off":
      return {
        text: "$(circle-outline) Refract",
        tooltip: "Refract's sidecar is off. It starts with the first inspection.",
        severity: "normal",
      };
    case "restricted":
      return {
        text: "$(workspace-untrusted) Refract: restricted",
        tooltip:
          "This workspace is not trusted: no model, plugin, spec or program that it names is loaded or run. Click to manage trust.",
        severity: "warning",
      };
    case "starting":
      return { text: "$(loading~spin) Refract: starting", tooltip: "The sidecar is starting.", severity: "normal" };
    case "loading": {
      const share = state.fraction === null ? "" : ` ${Math.round(state.fraction * 100)}%`;
      return {
        text: `$(loading~spin) Refract: loading${share}`,
        tooltip: `${state.model}: ${state.stage}.`,
        severity: "normal",
      };
    }
    case "ready":
      return state.model === null
        ? { text: "$(check) Refract: ready", tooltip: "The sidecar is ready; no model is open.", severity: "normal" }
        : {
            text: `$(check) ${state.model}/${state.provider ?? "cpu"}`,
            tooltip: `${state.model} is open on ${state.provider ?? "cpu"}.`,
            severity: "normal",
          };
    case "reconnecting":
      return {
        text: "$(loading~spin) Refract: reconnecting",
        tooltip: `The connection to the sidecar was lost${state.why === "" ? "" : ` (${state.why})`}. Running work goes on once it is back.`,
        severity: "warning",
      };
    case "failed":
      return { text: "$(error) Refract: failed", tooltip: `${state.why} Click for the log.`, severity: "error" };
  }
}
