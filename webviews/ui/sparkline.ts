import { type SVGTemplateResult, svg } from "lit";

/** A small line over layers with its zero line; NaN breaks the line. `mark` is the index of the selected point. */
export function sparkline(values: ArrayLike<number>, mark: number, width = 160, height = 36): SVGTemplateResult {
  const all = Array.from(values);
  const finite = all.filter(Number.isFinite);
  const most = Math.max(0, ...finite);
  const least = Math.min(0, ...finite);
  const span = most - least || 1;
  const x = (index: number) => 3 + (index / Math.max(1, all.length - 1)) * (width - 6);
  const y = (value: number) => 3 + ((most - value) / span) * (height - 6);
  let path = "";
  all.forEach((value, index) => {
    if (!Number.isFinite(value)) return;
    const connected = index > 0 && Number.isFinite(all[index - 1]);
    path += `${connected ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  const marked = all[mark];
  return svg`<svg class="sparkline" width=${width} height=${height} viewBox="0 0 ${width} ${height}" aria-hidden="true">
    <line x1="0" x2=${width} y1=${y(0)} y2=${y(0)} stroke="currentColor" stroke-opacity="0.3"></line>
    <path d=${path} fill="none" stroke="currentColor"></path>
    ${marked !== undefined && Number.isFinite(marked) ? svg`<circle cx=${x(mark)} cy=${y(marked)} r="2.5" fill="currentColor"></circle>` : ""}
  </svg>`;
}
