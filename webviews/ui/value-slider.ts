import { html, type TemplateResult } from "lit";
import { formatFigure } from "../../shared/scale/format-figure.ts";

export interface SliderRange {
  value: number;
  least: number;
  most: number;
}

const STEPS = 40;

/** The largest of 1, 2 and 5 times a power of ten that is not above `step`: values that people would write. */
function roundStep(step: number): number {
  const ten = 10 ** Math.floor(Math.log10(step));
  const digits = [5, 2].find((candidate) => candidate * ten <= step) ?? 1;
  return Number((digits * ten).toPrecision(1));
}

/** A slider for one number of an edit. The toolkit has none, so it is the browser's own in VS Code's colours; it speaks at each step of a drag. */
export function valueSlider(
  { value, least, most }: SliderRange,
  words: { label: string; name: string },
  onChange: (value: number) => void,
): TemplateResult {
  const step = roundStep((most - least) / STEPS);
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
