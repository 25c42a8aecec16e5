import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { tintOf, WITHOUT_TEXT } from "../../shared/scale/diverging-scale.ts";
import type { Theme } from "../ui/theme.ts";
import { visibleText } from "../ui/visible-text.ts";

/** One row per token and one column per layer, with the unit in the header; RFC 4180 quoting. */
export function pictureAsCsv(picture: HeatmapPicture): string {
  const tokens = picture.tokens.length;
  const unit = picture.reading.unit ? ` (${picture.reading.unit})` : "";
  const header = [
    "position",
    "id",
    "role",
    "text",
    ...Array.from({ length: picture.layers }, (_, layer) => `${picture.reading.id} ${picture.site}.${layer}${unit}`),
  ];
  const rows = picture.tokens.map((token, position) => [
    String(position),
    String(token.id),
    token.role,
    token.text,
    ...Array.from({ length: picture.layers }, (_, layer) => {
      const value = picture.values[layer * tokens + position] ?? Number.NaN;
      return Number.isFinite(value) ? String(value) : "";
    }),
  ]);
  return `${[header, ...rows].map((row) => row.map(quoteCsv).join(",")).join("\r\n")}\r\n`;
}

function quoteCsv(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

const CELL = { width: 22, height: 16 };
const MARGIN = { left: 40, top: 70, bottom: 24 };

/** The whole picture as SVG, with labels and legend, in the theme's colours. */
export function pictureAsSvg(picture: HeatmapPicture, buckets: Int8Array, legend: string, theme: Theme): string {
  const tokens = picture.tokens.length;
  const width = MARGIN.left + tokens * CELL.width + 40;
  const height = MARGIN.top + picture.layers * CELL.height + MARGIN.bottom;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11" fill="${theme.foreground}">`,
    `<title>${escapeXml(`${picture.title}: ${picture.reading.label} at ${picture.site}`)}</title>`,
    `<rect width="${width}" height="${height}" fill="${theme.background}"/>`,
  ];
  picture.tokens.forEach((token, index) => {
    const x = MARGIN.left + (index + 0.5) * CELL.width;
    parts.push(
      `<text transform="translate(${x} ${MARGIN.top - 6}) rotate(-60)">${escapeXml(visibleText(token.text))}</text>`,
    );
  });
  for (let layer = 0; layer < picture.layers; layer++) {
    const y = MARGIN.top + (picture.layers - 1 - layer) * CELL.height;
    parts.push(`<text x="${MARGIN.left - 6}" y="${y + 12}" text-anchor="end">L${layer}</text>`);
    for (let token = 0; token < tokens; token++) {
      const bucket = buckets[layer * tokens + token] ?? 0;
      if (bucket === 0) continue;
      const x = MARGIN.left + token * CELL.width;
      parts.push(
        `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" fill="${tintOf(bucket, WITHOUT_TEXT)}"/>`,
      );
    }
  }
  parts.push(`<text x="${MARGIN.left}" y="${height - 8}">${escapeXml(legend)}</text>`, "</svg>");
  return parts.join("\n");
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
