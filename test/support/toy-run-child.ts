/** Runs a toy spec in a process of its own, so that a test can kill it: `toy-run-child.ts SPEC OUT [RUN]`. Prints the run folder first. */
import { executeRun } from "../../sidecar/runs/execute-run.ts";
import { toyRequest, toyTools } from "./toy-study.ts";

const [specPath = "", out = "", resume] = process.argv.slice(2);
const outcome = await executeRun(
  toyRequest(specPath, out, { resume: resume ?? null, onFolder: (folder) => process.stdout.write(`${folder}\n`) }),
  toyTools(),
);
process.exitCode = outcome.status === "done" ? 0 : 1;
