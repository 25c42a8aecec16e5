import { timeLeft } from "../application/time-left.ts";

export interface ProgressState {
  label: string;
  done: number;
  total: number;
  /** What is counted, in the plural. */
  unit: string;
  secondsLeft: number | null;
}

/** Progress on stderr: a bar that is drawn over itself on a terminal, a plain line now and then elsewhere. */
export interface ProgressLine {
  show(state: ProgressState): void;
  /** Writes a line of its own above the bar. */
  line(text: string): void;
  clear(): void;
}

const BAR = 24;
const TERMINAL_MS = 100;
const PLAIN_MS = 10_000;

export function progressLine(): ProgressLine {
  const terminal = process.stderr.isTTY === true;
  let shown = 0;
  const clear = (): void => {
    if (terminal) process.stderr.write("\r\x1b[K");
  };
  return {
    clear,
    show({ label, done, total, unit, secondsLeft }) {
      const now = performance.now();
      if (now - shown < (terminal ? TERMINAL_MS : PLAIN_MS)) return;
      shown = now;
      const left = [`${label}: ${done} of ${total} ${unit}`, timeLeft(secondsLeft)].filter(Boolean).join(", ");
      const full = Math.round((total > 0 ? Math.min(1, done / total) : 0) * BAR);
      const bar = `[${"=".repeat(full)}${" ".repeat(BAR - full)}]`;
      process.stderr.write(terminal ? `\r\x1b[K${bar} ${left}` : `${left}\n`);
    },
    line(text) {
      clear();
      process.stderr.write(`${text}\n`);
    },
  };
}
