import { html, type TemplateResult } from "lit";
import { formatFigure } from "../../shared/scale/format-figure.ts";

/** A slider for an edit's strength. The toolkit has none, so it is the browser's own in VS Code's colours; it speaks at each step of a drag. */
export function strengthSlider(
  strength: { value: number; least: number; most: number },
  label: string,
  onChange: (value: number) => void,
): TemplateResult {
  const step = (strength.most - strength.least) / 40;
  return html`<label class="strength">
    <input
      type="range"
      min=${strength.least}
      max=${strength.most}
      step=${step}
      .value=${String(strength.value)}
      aria-label=${label}
      @input=${(event: Event) => onChange(Number((event.target as HTMLInputElement).value))}
    />
    <output>${formatFigure(strength.value)}</output>
  </label>`;
}
