/** Writes a figure as the views show it: two significant digits, a real minus sign, and a dash where there is no value. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return "\u2013";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "\u2212" : "";
  if (size >= 1e4 || size < 1e-3) return `${sign}${size.toExponential(1).replace("-", "\u2212")}`;
  const text = size >= 10 ? size.toFixed(0) : size.toPrecision(2);
  return `${sign}${text}`;
}
