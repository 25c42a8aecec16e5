import { refused } from "../../../shared/errors.ts";

/** Names that `--provider` takes, besides `auto`. */
export type ProviderName = "cpu" | "webgpu" | "cuda" | "directml" | "coreml";

/** What onnxruntime-node calls them. */
const RUNTIME_NAMES: Record<ProviderName, string> = {
  cpu: "cpu",
  webgpu: "webgpu",
  cuda: "cuda",
  directml: "dml",
  coreml: "coreml",
};

/** What onnxruntime-node 1.30 can have on each platform; CUDA's libraries are a separate download that the user asks for. */
const BY_PLATFORM: Record<string, readonly ProviderName[]> = {
  "linux-x64": ["cpu", "webgpu", "cuda"],
  "linux-arm64": ["cpu"],
  "win32-x64": ["cpu", "webgpu", "directml"],
  "win32-arm64": ["cpu", "webgpu", "directml"],
  "darwin-arm64": ["cpu", "webgpu", "coreml"],
};

/** What `auto` tries, best first; the CPU, which is always there, comes last. A WebGPU device on Linux may be software: it is asked for by name. */
const AUTO: Record<string, readonly ProviderName[]> = {
  "linux-x64": ["cuda", "cpu"],
  "win32-x64": ["webgpu", "cpu"],
  "win32-arm64": ["webgpu", "cpu"],
  "darwin-arm64": ["webgpu", "cpu"],
};

export interface ProviderChoice {
  /** In the order in which they are tried; several only for `auto`. */
  candidates: readonly ProviderName[];
}

/** The runtime's name of a provider, for session options. */
export function runtimeName(provider: ProviderName): string {
  return RUNTIME_NAMES[provider];
}

/**
 * Which providers a wish such as `auto`, `cpu` or `webgpu` means on a platform (`linux-x64`, ...).
 * Refused where there is no such provider, or none of the name on this platform, with those that there are.
 */
export function chooseProvider(wanted: string, platform: string): ProviderChoice {
  const available = BY_PLATFORM[platform] ?? ["cpu"];
  if (wanted === "auto") return { candidates: AUTO[platform] ?? ["cpu"] };
  const found = available.find((name) => name === wanted || RUNTIME_NAMES[name] === wanted);
  if (found !== undefined) return { candidates: [found] };
  const elsewhere = Object.keys(RUNTIME_NAMES).includes(wanted);
  const what = elsewhere
    ? `the provider "${wanted}" is not available on ${platform}`
    : `there is no provider "${wanted}"`;
  throw refused(`--provider: ${what}; expected one of auto, ${available.join(", ")}`);
}
