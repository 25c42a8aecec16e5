import { bucketOf, type DivergingScale, tintOf, WITHOUT_TEXT } from "../../shared/scale/diverging-scale.ts";

const WIDTH = 240;
const HEIGHT = 56;

export type ThemeKind = "light" | "dark" | "high-contrast-light" | "high-contrast-dark";

/**
 * One token's reading over all layers as a small SVG, layer 0 at the left, the current layer outlined; zero is the line in the middle.
 *
 * @param values `[layers]`; NaN draws nothing.
 * @returns a data URI of a few kilobytes.
 */
export function profilePicture(
  values: readonly number[],
  scale: DivergingScale,
  layer: number,
  theme: ThemeKind,
): string {
  const ink = theme.endsWith("dark") ? "#e0e0e0" : "#202020";
  const step = WIDTH / Math.max(1, values.length);
  const middle = HEIGHT / 2;
  const bars = values.map((value, at) => {
    const x = at * step + 0.5;
    const outline =
      at === layer
        ? `<rect x="${x.toFixed(1)}" y="0.5" width="${(step - 1).toFixed(1)}" height="${HEIGHT - 1}" fill="none" stroke="${ink}"/>`
        : "";
    if (!Number.isFinite(value) || scale.limit === 0) return outline;
    const share = Math.max(-1, Math.min(1, value / scale.limit));
    const height = Math.abs(share) * (middle - 3);
    const y = share >= 0 ? middle - height : middle;
    const edge = theme.startsWith("high-contrast") ? ` stroke="${ink}" stroke-width="0.7"` : "";
    const fill = tintOf(bucketOf(value, scale) || Math.sign(share), WITHOUT_TEXT);
    return `<rect x="${(x + 1).toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(1, step - 3).toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}"${edge}/>${outline}`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"><line x1="0" x2="${WIDTH}" y1="${middle}" y2="${middle}" stroke="${ink}" stroke-opacity="0.5"/>${bars.join("")}</svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
}
