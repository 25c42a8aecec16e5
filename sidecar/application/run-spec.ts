import { dirname, join } from "node:path";
import type { StreamCall } from "../../shared/protocol/interface.ts";
import type { RunEvent } from "../../shared/protocol/run-messages.ts";
import { executeRun } from "../runs/execute-run.ts";
import { runTools } from "../runs/run-tools.ts";
import type { Application } from "./application.ts";
import { timeLeft } from "./time-left.ts";

interface RunParams {
  spec: string;
  from?: string | undefined;
  resume: string | null;
}

/** Runs a spec for a client, with the plugins of its settings beside the spec's own: the run folder lies beside the spec, events say what is new in it. */
export async function runSpec(
  { spec, from, resume }: RunParams,
  application: Application,
  plugins: readonly string[],
  call: StreamCall<RunEvent>,
): Promise<{ folder: string; status: "done" | "failed" | "cancelled" }> {
  // The run says things as it goes and waits for nobody: they are few, and sent one after the other.
  let sending = Promise.resolve();
  const say = (event: RunEvent) => {
    sending = sending.then(() => call.emit(event));
    // A client that is gone ends the run through its signal.
    sending.catch(() => undefined);
  };
  const outcome = await executeRun(
    {
      specPath: spec,
      out: join(dirname(spec), "runs"),
      resume,
      exhaustive: false,
      from: from ?? null,
      signal: call.signal,
      onProgress: ({ experiment, label, done, total, secondsLeft }) => {
        const name = experiment.startsWith("@") ? "" : `${experiment}: `;
        const stage = [`${name}${label}`, timeLeft(secondsLeft)].filter(Boolean).join(", ");
        call.progress({ stage, fraction: total > 0 ? Math.min(1, done / total) : null });
      },
      onWarning: (sentence) => say({ type: "warning", sentence }),
      onExperiment: (experiment, status, sentences) =>
        say({ type: "experiment", experiment, status, sentences: [...sentences] }),
      onFolder: (path) => say({ type: "folder", path }),
    },
    runTools(application, call.signal, plugins),
  );
  await sending;
  return outcome;
}
