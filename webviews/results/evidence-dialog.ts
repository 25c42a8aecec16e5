import { html, type TemplateResult } from "lit";
import type { Evidence } from "../../shared/plugin/result-document.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import type { ResultActions } from "./result-actions.ts";

/** The prompts behind a number, each with what the model did under every condition. */
export function evidenceDialog(evidence: Evidence, onClose: () => void, actions: ResultActions | null): TemplateResult {
  return html`<dialog class="evidence-dialog" aria-label=${evidence.title} @close=${onClose}>
    <form method="dialog" class="dialog-head">
      <h3>${evidence.title}</h3>
      <vscode-button appearance="secondary" @click=${onClose}>Close</vscode-button>
    </form>
    <p class="quiet">Each prompt under each condition: what its reply is, the score, the reply.</p>
    ${evidence.rows.map(
      (row) => html`<section class="evidence-row">
        <p>${actions ? idLink(row.id, actions) : html`<span class="quiet">${row.id}</span>`} ${row.prompt}</p>
        ${row.note ? html`<p class="quiet">${row.note}</p>` : ""}
        <table>
          <tbody>
            ${row.outcomes.map(
              (outcome) => html`<tr>
                <th scope="row">${outcome.condition}</th>
                <td>${outcome.class ?? "\u2013"}</td>
                <td>${outcome.score === null ? "\u2013" : formatFigure(outcome.score)}</td>
                <td class="token">${outcome.reply ?? html`<span class="quiet">first token only</span>`}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </section>`,
    )}
  </dialog>`;
}

function idLink(id: string, actions: ResultActions): TemplateResult {
  return html`<button class="evidence" title="Open the prompt in its file" @click=${() => actions.openPrompt(id)}>${id}</button>`;
}
