import type { LoadProgress } from "../engine/run/load-progress.ts";

/** Says on a terminal how far a model's weights are, in a line that is gone when they are there; files and pipes get nothing. */
export function writeLoading({ stage, fraction }: LoadProgress): void {
  if (process.stderr.isTTY !== true) return;
  process.stderr.write(fraction < 1 ? `\r\x1b[K${stage} ${Math.round(fraction * 100)}%` : "\r\x1b[K");
}
