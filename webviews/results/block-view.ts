import { html, type TemplateResult } from "lit";
import type { ViewBlock } from "../../shared/plugin/view-block.ts";
import type { OpenEvidence } from "./evidence-button.ts";
import { forestBlock } from "./forest-block.ts";
import { linesBlock } from "./lines-block.ts";
import { matrixBlock } from "./matrix-block.ts";
import { planeBlock } from "./plane-block.ts";
import { tableBlock } from "./table-block.ts";
import { textBlock } from "./text-block.ts";

/** A block with its title and caption. */
export function blockView(block: ViewBlock, open: OpenEvidence): TemplateResult {
  return html`<figure class="block block-${block.type}">
    <figcaption>
      <h4>${block.title}</h4>
      ${block.caption ? html`<p class="quiet">${block.caption}</p>` : ""}
    </figcaption>
    <div class="block-body">${body(block, open)}</div>
  </figure>`;
}

function body(block: ViewBlock, open: OpenEvidence): TemplateResult {
  switch (block.type) {
    case "table":
      return tableBlock(block, open);
    case "matrix":
      return matrixBlock(block, open);
    case "lines":
      return linesBlock(block, open);
    case "plane":
      return planeBlock(block, open);
    case "forest":
      return forestBlock(block, open);
    case "text":
      return textBlock(block);
  }
}
