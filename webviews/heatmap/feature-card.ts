import { html, nothing, type TemplateResult } from "lit";
import type { FeatureDescription, FeatureReference, LabelledFeature } from "../../shared/protocol/feature-messages.ts";
import type { FiringState } from "../../shared/protocol/pages/heatmap-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { sparkline } from "../ui/sparkline.ts";
import { visibleText } from "../ui/visible-text.ts";
import { type HeatmapState, isPinned, type OpenFeature } from "./state.ts";

/** How many directions and raised tokens the card has room for. */
const MOST_COSINES = 6;
const MOST_RAISED = 8;

/** What the page does about features. */
export interface FeatureActions {
  /** A feature's number and label, which opens its card. */
  link(feature: LabelledFeature): TemplateResult;
  close(): void;
  pin(feature: FeatureReference): void;
  label(feature: FeatureReference): void;
  /** Shows it over layers and tokens. */
  show(feature: FeatureReference): void;
  /** Shows it with those like it at the other layers. */
  follow(feature: FeatureReference): void;
  findFiring(feature: FeatureReference): void;
  stopFiring(): void;
  openPrompt(prompt: number): void;
}

/** Everything that is known of one feature. */
export function featureCard(state: HeatmapState, actions: FeatureActions): TemplateResult | typeof nothing {
  const { feature: open } = state;
  if (!open) return nothing;
  const { description } = open;
  return html`<section class="feature" aria-label="Feature ${open.feature} of layer ${open.layer}">
    <h2>
      <span>#${open.feature} ${description?.label ?? ""}</span>
      <button class="link" aria-label="Close the feature" title="Close" @click=${actions.close}>✕</button>
    </h2>
    ${description ? described(state, description) : html`<p class="quiet">Reading the feature of layer ${open.layer}...</p>`}
    <p class="actions">
      <vscode-button appearance="secondary" @click=${() => actions.pin(open)}>${isPinned(state, open) ? "Unpin" : "Pin"} feature</vscode-button>
      <vscode-button appearance="secondary" @click=${() => actions.label(open)}>${description?.label ? "Change label..." : "Add label..."}</vscode-button>
      <vscode-button appearance="secondary" @click=${() => actions.show(open)}>Show by layer</vscode-button>
      <vscode-button appearance="secondary" title="Shows it with the features like it at the other layers: step by step, those whose decoder vectors have the largest cosine" @click=${() => actions.follow(open)}>Follow over layers</vscode-button>
    </p>
    ${followed(open, actions)}
    ${firing(open, actions)}
  </section>`;
}

function described(state: HeatmapState, description: FeatureDescription): TemplateResult {
  const { at, of, activations, cosines, raised, refusal } = description;
  const values = Array.from(activations);
  const firing = values.filter((value) => value > 0).length;
  const most = values.indexOf(Math.max(...values));
  const token = state.picture?.tokens[most];
  const reasons = state.choices?.suite.find(({ layer }) => layer === description.layer)?.reasons ?? [];
  return html`<p class="quiet">${at}, one of ${of}</p>
    ${reasons.length === 0 ? nothing : html`<p class="warning">Its dictionary is not trusted: ${reasons.join("; ")}.</p>`}
    <p>
      Fires at ${firing} of ${values.length} tokens${
        firing > 0 && token
          ? html`, most at <span class="token">${visibleText(token.text)}</span> ${formatFigure(values[most] ?? 0)}`
          : nothing
      }
    </p>
    ${sparkline(values, state.cursor?.token ?? -1)}
    <p class="quiet">Raises most, through the unembedding</p>
    <p>
      ${raised
        .slice(0, MOST_RAISED)
        .map(
          ({ text, refusal: refuses }) =>
            html`<span class=${refuses ? "token refuses" : "token"} title=${refuses ? "Refusals start with it" : ""}>${visibleText(text)}</span> `,
        )}
    </p>
    <p>${refusal.raised} of ${refusal.tokens} refusal tokens are among the first ${raised.length}</p>
    ${
      cosines.length === 0
        ? nothing
        : html`<p class="quiet">Decoder cosine</p>
          <ol class="readout">
            ${cosines.slice(0, MOST_COSINES).map(({ name, cosine }) => html`<li><span>${name}</span> <span>${formatFigure(cosine)}</span></li>`)}
          </ol>`
    }`;
}

/** The way of a feature over the layers, its own among them. */
function followed({ layer, way }: OpenFeature, actions: FeatureActions): TemplateResult | typeof nothing {
  if (way === null) return nothing;
  if (way === "looking") return html`<p class="quiet" role="status">Reading the decoders of the other layers...</p>`;
  if (way.length === 1) return html`<p class="quiet" role="status">No other layer has a feature like it.</p>`;
  return html`<p class="quiet">Like it, with the decoder cosine to the one before</p>
    <ol class="readout" aria-label="The feature over layers">
      ${way.map(
        (one) => html`<li>
          <span>L${one.layer} ${actions.link(one)}</span> <span>${one.layer === layer ? "" : formatFigure(one.cosine)}</span>
        </li>`,
      )}
    </ol>`;
}

function firing(open: OpenFeature, actions: FeatureActions): TemplateResult {
  const find = html`<vscode-button appearance="secondary" @click=${() => actions.findFiring(open)}>Where it fires in this file</vscode-button>`;
  const { firing: state } = open;
  if (state === null) return find;
  switch (state.kind) {
    case "running":
      return html`<p role="status">Running ${state.stage}... <vscode-button appearance="secondary" @click=${actions.stopFiring}>Stop</vscode-button></p>`;
    case "failed":
      return html`<p role="status">${state.message}</p>
        ${find}`;
    case "known":
      return known(state, actions);
  }
}

function known(state: Extract<FiringState, { kind: "known" }>, actions: FeatureActions): TemplateResult {
  const { prompts, tokens, fired, note, most } = state;
  return html`<p>
      Fires at ${formatFigure((100 * fired) / Math.max(1, tokens))}% of ${tokens} tokens of ${prompts} ${prompts === 1 ? "prompt" : "prompts"}${note === "" ? "" : `, ${note}`};
      each first position is left out
    </p>
    <ol class="readout">
      ${most.map(
        ({ title, prompt, token, activation }) => html`<li>
          <button class="link" title=${title} @click=${() => actions.openPrompt(prompt)}>${title}</button>
          <span class="most"><span class="token">${visibleText(token)}</span> ${formatFigure(activation)}</span>
        </li>`,
      )}
    </ol>`;
}
