/** Bounds of the battery; every one is a share and can be set. */
export interface BatteryOptions {
  /** Cross-fitted cosine that parts distinct shapes from one shape. */
  shapeBound: number;
  /** A cross-effect below this share of its column's own effect is absent. */
  absentBelow: number;
  /** Two directions whose effects on a category differ by less than this share of its own effect are equivalent. */
  equivalentWithin: number;
  /** A common cause exists when ablating the common part keeps at least this share of the own effect. */
  commonAtLeast: number;
  /** A private part with less than this share of the own effect is inert. */
  inertBelow: number;
  /** A private part with at least this share of the own effect is sufficient. */
  sufficientAtLeast: number;
  /** Error of each one-sided test; intervals of figures are two-sided at 95%. */
  error: number;
}

export const BATTERY_DEFAULTS: BatteryOptions = {
  shapeBound: 0.5,
  absentBelow: 0.2,
  equivalentWithin: 0.2,
  commonAtLeast: 0.7,
  inertBelow: 0.25,
  sufficientAtLeast: 0.7,
  error: 0.05,
};
