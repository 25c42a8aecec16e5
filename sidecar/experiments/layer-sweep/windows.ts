/** A range of layers that an edit is made in, both ends included. */
export interface Window {
  family: "single" | "window" | "below" | "above";
  /** Where it stands on the axis: its layer, the window's centre, or the end that moves. */
  at: number;
  first: number;
  last: number;
}

/** Single layers, sliding windows, and cumulative from below and from above: later layers rewrite what was removed at one. */
export function windowsOf(layers: number, width: number): Window[] {
  const every = Array.from({ length: layers }, (_, layer) => layer);
  const before = Math.floor((width - 1) / 2);
  return [
    ...every.map((at): Window => ({ family: "single", at, first: at, last: at })),
    ...every.map(
      (at): Window => ({
        family: "window",
        at,
        first: Math.max(0, at - before),
        last: Math.min(layers - 1, at - before + width - 1),
      }),
    ),
    ...every.map((at): Window => ({ family: "below", at, first: 0, last: at })),
    ...every.map((at): Window => ({ family: "above", at, first: at, last: layers - 1 })),
  ];
}
