/** Progress of a long command on stderr: a bar with the time left on a terminal, a plain line now and then elsewhere. */
export interface Progress {
  advance(count: number): void;
  stop(): void;
}

const BAR = 30;
const TERMINAL_MS = 100;
const PLAIN_MS = 10_000;

/** Starts a progress display; `unit` is what is counted, in the plural. */
export function startProgress(label: string, total: number, unit: string): Progress {
  const terminal = process.stderr.isTTY === true;
  let shown = performance.now();
  let done = 0;
  /** The pace is that of what followed the first count: a model is loaded before it. */
  let paced: { at: number; done: number } | null = null;
  const draw = (now: number): void => {
    shown = now;
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const left = paced === null ? "" : timeLeft((now - paced.at) / 1000, done - paced.done, total - done);
    if (terminal) {
      const full = Math.round(share * BAR);
      process.stderr.write(
        `\r\x1b[K${label} [${"=".repeat(full)}${" ".repeat(BAR - full)}] ${done}/${total} ${unit}${left}`,
      );
    } else {
      process.stderr.write(`${label}: ${done} of ${total} ${unit}${left}\n`);
    }
  };
  return {
    advance(count) {
      done += count;
      const now = performance.now();
      paced ??= { at: now, done };
      if (now - shown >= (terminal ? TERMINAL_MS : PLAIN_MS)) draw(now);
    },
    stop() {
      if (terminal) process.stderr.write("\r\x1b[K");
    },
  };
}

function timeLeft(seconds: number, done: number, left: number): string {
  if (done === 0 || left === 0 || seconds < 1) return "";
  const rest = Math.round((seconds * left) / done);
  return rest < 90 ? `, ${rest} s left` : `, ${Math.round(rest / 60)} min left`;
}
