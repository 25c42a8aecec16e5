/** Maps a range of values onto a range of pixels. */
export interface LinearScale {
  at(value: number): number;
  /** Round values inside the range, for grid lines and labels. */
  ticks: number[];
}

/**
 * @param least Smallest value that must be in sight, `most` the largest; a little room is added on both sides.
 * @param from Pixel of the smaller end, `to` of the larger.
 */
export function linearScale(least: number, most: number, from: number, to: number): LinearScale {
  const room = (most - least || Math.abs(most) || 1) * 0.05;
  const low = least - room;
  const high = most + room;
  const step = tickStep((high - low) / 5);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return {
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step),
  };
}

/** The nearest of 1, 2 and 5 times a power of ten. */
function tickStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const share = rough / power;
  return (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10) * power;
}
