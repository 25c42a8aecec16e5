import { html, type TemplateResult } from "lit";
import { formatFigure } from "../../shared/scale/format-figure.ts";

export interface SliderRange {
  value: number;
  least: number;
  most: number;
}

/** A slider for one number of an edit. The toolkit has none, so it is the browser's own in VS Code's colours; it speaks at each step of a drag. */
export function valueSlider(
  { value, least, most }: SliderRange,
  words: { label: string; name: string },
  onChange: (value: number) => void,
): TemplateResult {
  const step = (most - least) / 40;
  return html`<label class="slider">
    <span class="quiet">${words.name}</span>
    <input
      type="range"
      min=${least}
      max=${most}
      step=${step}
      .value=${String(value)}
      aria-label=${words.label}
      @input=${(event: Event) => onChange(Number((event.target as HTMLInputElement).value))}
    />
    <output>${formatFigure(value)}</output>
  </label>`;
}
