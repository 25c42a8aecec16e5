import { html, render } from "lit";
import type { ResultDocument } from "../../shared/plugin/result-document.ts";
import { onThemeChange } from "../ui/theme.ts";
import { evidenceDialog } from "./evidence-dialog.ts";
import type { ResultActions } from "./result-actions.ts";
import { resultsPage } from "./results-page.ts";

/**
 * Draws a run's page into `root`; the same in VS Code and in the report, which has no actions. Returns a function that draws another document
 * in its place.
 */
export function mountResults(root: HTMLElement, actions: ResultActions | null): (document: ResultDocument) => void {
  let shown: ResultDocument | null = null;
  let evidence: { experiment: string; key: string } | null = null;

  const draw = (): void => {
    if (!shown) return;
    const rows =
      evidence && shown.experiments.find((each) => each.name === evidence?.experiment)?.evidence[evidence.key];
    render(html`${resultsPage(shown, open, actions)} ${rows ? evidenceDialog(rows, close, actions) : ""}`, root);
    const dialog = root.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  };
  const open = (experiment: string, key: string): void => {
    evidence = { experiment, key };
    draw();
  };
  const close = (): void => {
    if (evidence === null) return;
    evidence = null;
    // Closed before it is taken out, so that the focus goes back to what opened it.
    root.querySelector("dialog")?.close();
    draw();
  };
  onThemeChange(draw);
  return (document) => {
    shown = document;
    draw();
  };
}
