/**
 * How many times longer work takes on four times the input: about 4 where time grows with size, 16 where it grows with its square.
 * The best of three of each, since other work on the machine only ever adds time.
 */
export function growth(work: (size: number) => void, size: number): number {
  const best = (count: number) => {
    let time = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 3; run++) {
      const started = performance.now();
      work(count);
      time = Math.min(time, performance.now() - started);
    }
    return time;
  };
  best(size);
  return best(4 * size) / best(size);
}
