import type { InferenceSession } from "onnxruntime-node";
import { type ProviderName, runtimeName } from "../providers/provider-table.ts";

export interface SessionSettings {
  provider: ProviderName;
  /** Threads of one operator; `null` leaves it to the runtime (one per physical core). */
  threads: number | null;
}

/** Options of one session whose large initializers lie in `weightsFolder`. */
export function sessionOptions(
  { provider, threads }: SessionSettings,
  weightsFolder: string,
  preferredOutputLocation?: Readonly<Record<string, "cpu" | "gpu-buffer">>,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [runtimeName(provider)],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    ...(threads === null ? {} : { intraOpNumThreads: threads }),
    ...(preferredOutputLocation === undefined ? {} : { preferredOutputLocation }),
    extra: {
      session: {
        model_external_initializers_file_folder_path: weightsFolder,
        // A model is several sessions, its head at the least: idle threads that spin for one take the cores from the next.
        force_spinning_stop: "1",
      },
    },
  };
}
