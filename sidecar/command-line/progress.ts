import { progressLine } from "./progress-line.ts";

/** Counts the work of a command whose length is known, and shows how long it still takes. */
export interface Progress {
  advance(count: number): void;
  stop(): void;
}

/** Starts a progress display; `unit` is what is counted, in the plural. */
export function startProgress(label: string, total: number, unit: string): Progress {
  const display = progressLine();
  let done = 0;
  /** The pace is that of what followed the first count: a model is loaded before it. */
  let paced: { at: number; done: number } | null = null;
  return {
    advance(count) {
      done += count;
      const now = performance.now();
      paced ??= { at: now, done };
      const counted = done - paced.done;
      const seconds = (now - paced.at) / 1000;
      const secondsLeft = counted > 0 && seconds > 1 ? (seconds * (total - done)) / counted : null;
      display.show({ label, done, total, unit, secondsLeft });
    },
    stop: display.clear,
  };
}
