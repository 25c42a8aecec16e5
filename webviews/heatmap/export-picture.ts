import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { tintOf, WITHOUT_TEXT } from "../../shared/scale/diverging-scale.ts";
import type { Theme } from "../ui/theme.ts";
import { visibleText } from "../ui/visible-text.ts";
import { isGap, rowCount, rowLabel } from "./rows.ts";

/** One row per token and one column per row of the picture, with the unit in the header; RFC 4180 quoting. */
export function pictureAsCsv(picture: HeatmapPicture): string {
  const tokens = picture.tokens.length;
  const unit = picture.reading.unit ? ` (${picture.reading.unit})` : "";
  const header = [
    "position",
    "id",
    "role",
    "text",
    ...Array.from({ length: rowCount(picture) }, (_, row) => `${columnName(picture, row)}${unit}`),
  ];
  const rows = picture.tokens.map((token, position) => [
    String(position),
    String(token.id),
    token.role,
    token.text,
    ...Array.from({ length: rowCount(picture) }, (_, row) => {
      const value = picture.values[row * tokens + position] ?? Number.NaN;
      return Number.isFinite(value) ? String(value) : "";
    }),
  ]);
  return `${[header, ...rows].map((row) => row.map(quoteCsv).join(",")).join("\r\n")}\r\n`;
}

function columnName(picture: HeatmapPicture, row: number): string {
  const { rows, reading, site } = picture;
  return rows === null ? `${reading.id} ${site}.${row}` : `${rowLabel(picture, row)} ${site}.${rows.layer}`;
}

function quoteCsv(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

const CELL = { width: 22, height: 16 };
const MARGIN = { layers: 40, features: 220, top: 70, bottom: 24 };

/** The whole picture as SVG, with labels and legend, in the theme's colours. */
export function pictureAsSvg(picture: HeatmapPicture, buckets: Int8Array, legend: string, theme: Theme): string {
  const tokens = picture.tokens.length;
  const rows = rowCount(picture);
  const left = picture.rows === null ? MARGIN.layers : MARGIN.features;
  const width = left + tokens * CELL.width + 40;
  const height = MARGIN.top + rows * CELL.height + MARGIN.bottom;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11" fill="${theme.foreground}">`,
    `<title>${escapeXml(`${picture.title}: ${picture.reading.label} at ${picture.site}`)}</title>`,
    `<rect width="${width}" height="${height}" fill="${theme.background}"/>`,
  ];
  picture.tokens.forEach((token, index) => {
    const x = left + (index + 0.5) * CELL.width;
    parts.push(
      `<text transform="translate(${x} ${MARGIN.top - 6}) rotate(-60)">${escapeXml(visibleText(token.text))}</text>`,
    );
  });
  for (let row = 0; row < rows; row++) {
    const y = MARGIN.top + (rows - 1 - row) * CELL.height;
    parts.push(
      `<text x="${left - 6}" y="${y + 12}" text-anchor="end">${escapeXml(rowLabel(picture, row).slice(0, 32))}</text>`,
    );
    if (isGap(picture, row)) {
      const middle = y + CELL.height / 2;
      parts.push(
        `<line x1="${left}" x2="${left + tokens * CELL.width}" y1="${middle}" y2="${middle}" stroke="${theme.muted}" stroke-dasharray="2 6"/>`,
      );
    }
    for (let token = 0; token < tokens; token++) {
      const bucket = buckets[row * tokens + token] ?? 0;
      if (bucket === 0) continue;
      const x = left + token * CELL.width;
      parts.push(
        `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" fill="${tintOf(bucket, WITHOUT_TEXT)}"/>`,
      );
    }
  }
  parts.push(`<text x="${left}" y="${height - 8}">${escapeXml(legend)}</text>`, "</svg>");
  return parts.join("\n");
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
