import { html, type TemplateResult } from "lit";
import type { TextBlock } from "../../shared/plugin/view-block.ts";

export function textBlock(block: TextBlock): TemplateResult {
  return html`${block.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}`;
}
