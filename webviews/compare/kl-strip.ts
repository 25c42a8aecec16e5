import { html, type TemplateResult } from "lit";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { visibleText } from "../ui/visible-text.ts";

/** The bar that stands for the largest value is this high. */
const HEIGHT = 24;

/**
 * KL(baseline ‖ condition) at each token of the baseline's reply, as bars to a common scale, so that columns can be compared by eye.
 *
 * @param most The largest value of any column, in nats.
 */
export function klStrip(
  values: readonly number[],
  baselineTokens: readonly { text: string }[],
  most: number,
): TemplateResult {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return html`<div
    class="kl"
    role="img"
    aria-label="KL to the baseline over ${values.length} tokens of its reply: mean ${formatFigure(mean)} nats, largest ${formatFigure(Math.max(0, ...values))} nats"
  >
    ${values.map(
      (value, index) => html`<span
        style="height: ${Math.max(1, (HEIGHT * Math.max(0, value)) / (most || 1))}px"
        title="${visibleText(baselineTokens[index]?.text ?? "")}: ${formatFigure(value)} nats"
      ></span>`,
    )}
  </div>`;
}
