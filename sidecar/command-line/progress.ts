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
  const started = performance.now();
  let done = 0;
  let shown = started;
  const draw = (now: number): void => {
    shown = now;
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const left = timeLeft((now - started) / 1000, share);
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
      if (now - shown >= (terminal ? TERMINAL_MS : PLAIN_MS)) draw(now);
    },
    stop() {
      if (terminal) process.stderr.write("\r\x1b[K");
    },
  };
}

function timeLeft(seconds: number, share: number): string {
  if (share === 0 || share === 1 || seconds < 1) return "";
  const left = Math.round((seconds * (1 - share)) / share);
  return left < 90 ? `, ${left} s left` : `, ${Math.round(left / 60)} min left`;
}
