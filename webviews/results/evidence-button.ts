import { html, type TemplateResult } from "lit";

/** Opens the prompts behind a number. */
export type OpenEvidence = (key: string) => void;

/** Content that opens the prompts behind it where there are any; a plain span otherwise. */
export function evidenceButton(
  content: TemplateResult | string,
  evidence: string | null | undefined,
  open: OpenEvidence,
): TemplateResult {
  if (!evidence) return html`<span>${content}</span>`;
  return html`<button class="evidence" title="Show the prompts behind this" @click=${() => open(evidence)}>${content}</button>`;
}
