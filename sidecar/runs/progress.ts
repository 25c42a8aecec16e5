/** How far a run is. */
export interface RunProgress {
  /** Name of the experiment that is being worked on. */
  experiment: string;
  /** What its current unit does. */
  label: string;
  /** Passes and replies, of the whole run; `total` is an estimate. */
  done: number;
  total: number;
  /** Of the experiment alone. */
  experimentDone: number;
  experimentTotal: number;
  /** Seconds left at the pace so far; null before there is a pace. */
  secondsLeft: number | null;
}

/** Counts passes and replies and estimates the time left. A reply weighs as many passes as the run has found it to take. */
export class ProgressMeter {
  readonly #report: (progress: RunProgress) => void;
  readonly #totals: Map<string, number>;
  readonly #dones = new Map<string, number>();
  readonly #started = performance.now();
  #experiment = "";
  #label = "";

  constructor(totals: ReadonlyMap<string, number>, report: (progress: RunProgress) => void) {
    this.#totals = new Map(totals);
    this.#report = report;
  }

  begin(experiment: string, label: string): void {
    this.#experiment = experiment;
    this.#label = label;
    this.#send();
  }

  advance(passes: number): void {
    this.#dones.set(this.#experiment, (this.#dones.get(this.#experiment) ?? 0) + passes);
    this.#send();
  }

  /** A unit is finished: what was estimated too high or too low is put right. */
  settle(experiment: string, expected: number, before: number): void {
    const spent = (this.#dones.get(experiment) ?? 0) - before;
    this.#totals.set(experiment, Math.max(0, (this.#totals.get(experiment) ?? 0) - expected + spent));
  }

  doneOf(experiment: string): number {
    return this.#dones.get(experiment) ?? 0;
  }

  #send(): void {
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
    const done = sum(this.#dones.values());
    const total = Math.max(done, sum(this.#totals.values()));
    const seconds = (performance.now() - this.#started) / 1000;
    const experimentDone = this.#dones.get(this.#experiment) ?? 0;
    this.#report({
      experiment: this.#experiment,
      label: this.#label,
      done,
      total,
      experimentDone,
      experimentTotal: Math.max(experimentDone, this.#totals.get(this.#experiment) ?? 0),
      secondsLeft: done > 0 && seconds > 1 ? ((total - done) * seconds) / done : null,
    });
  }
}
