import { html, type TemplateResult } from "lit";
import type { Cell, TableBlock } from "../../shared/plugin/view-block.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { figureText } from "./figure-text.ts";

export function tableBlock(block: TableBlock, open: OpenEvidence): TemplateResult {
  return html`<table>
    <thead>
      <tr>
        ${block.columns.map((column) => html`<th scope="col">${column.label}${column.unit ? ` (${column.unit})` : ""}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${block.rows.map(
        (row) => html`<tr>
          ${row.cells.map((cell, index) => html`<td>${cellContent(cell, block.columns[index], index === 0 ? row.evidence : undefined, open)}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A unit that the column's header already says is not said again in each cell. */
function cellContent(
  cell: Cell,
  column: TableBlock["columns"][number] | undefined,
  evidence: string | undefined,
  open: OpenEvidence,
): TemplateResult {
  if (typeof cell === "string") return evidenceButton(cell, evidence, open);
  const said = cell.unit !== undefined && [column?.unit, column?.label].includes(cell.unit);
  return evidenceButton(figureText(cell, said ? null : undefined), cell.evidence ?? evidence, open);
}
