import { html, nothing, type TemplateResult } from "lit";
import type { FeatureActions } from "./feature-card.ts";
import type { HeatmapState } from "./state.ts";

/** What becomes of the pinned features. */
export type PinnedUse = "reading" | "component" | "edit";

/** The field in which features are looked for, and what was found. */
export function featureSearch(
  state: HeatmapState,
  onQuery: (query: string) => void,
  actions: FeatureActions,
): TemplateResult | typeof nothing {
  if (!state.choices || state.choices.suite.length === 0) return nothing;
  return html`<section class="search" role="search">
    <input
      type="search"
      placeholder="Feature: label or 4/512"
      aria-label="Find a feature by label or number"
      .value=${state.query}
      @input=${(event: Event) => onQuery((event.target as HTMLInputElement).value)}
    />
    ${found(state, actions)}
  </section>`;
}

function found({ query, found: result }: HeatmapState, actions: FeatureActions): TemplateResult | typeof nothing {
  if (query.trim() === "" || !result) return nothing;
  if (result.note !== "") return html`<p class="quiet" role="status">${result.note}</p>`;
  if (result.total === 0) return html`<p class="quiet" role="status">No feature found.</p>`;
  const more = result.total - result.found.length;
  return html`<ol class="readout found" aria-label="Features found">
      ${result.found.map((feature) => html`<li>${actions.link(feature)} <span class="quiet">L${feature.layer}</span></li>`)}
    </ol>
    ${more > 0 ? html`<p class="quiet">and ${more} more</p>` : nothing}`;
}

/** The pinned features, and what can be made of them in one click. */
export function pinnedFeatures(
  { pinnedFeatures: pinned }: HeatmapState,
  onUse: (use: PinnedUse) => void,
  actions: FeatureActions,
): TemplateResult | typeof nothing {
  if (pinned.length === 0) return nothing;
  const use = (as: PinnedUse, text: string, title: string) =>
    html`<vscode-button appearance="secondary" title=${title} @click=${() => onUse(as)}>${text}</vscode-button>`;
  return html`<section aria-label="Pinned features">
    <p class="quiet">Pinned features</p>
    <ul class="readout">
      ${pinned.map(
        (feature) => html`<li>
          ${actions.link(feature)}
          <span class="quiet"
            >L${feature.layer}
            <button class="link" aria-label="Unpin feature ${feature.feature} of layer ${feature.layer}" title="Unpin" @click=${() => actions.pin(feature)}>✕</button></span
          >
        </li>`,
      )}
    </ul>
    <p class="actions">
      ${use("reading", "Show by layer", "The sum of their activations at each layer")}
      ${use("edit", "Compare without", "Replies with these features scaled to 0, the dictionary's error kept, beside the baseline")}
      ${use("component", "To a spec...", "A component per layer: the span of their decoder vectors")}
    </p>
  </section>`;
}
