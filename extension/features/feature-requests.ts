import type * as vscode from "vscode";
import type {
  FeatureDescription,
  FeatureReference,
  FeatureSuite,
  Followed,
  FoundFeatures,
  LabelledFeature,
  StrongestFeatures,
} from "../../shared/protocol/feature-messages.ts";
import type { FiringState } from "../../shared/protocol/pages/heatmap-messages.ts";
import type { InspectedPrompt } from "../inspect/inspections.ts";
import type { Models } from "../models/models.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import { readSettings } from "../settings.ts";
import { sentenceOf } from "../show-problem.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { featureSources } from "./feature-sources.ts";

/** Rows of a picture of features; results of a search. */
const MOST_ROWS = 24;
const MOST_FOUND = 50;

/** Prompts of a file that are looked through for where a feature fires. */
const MOST_PROMPTS = 1000;

export interface FeatureRequestParts {
  sidecar: Sidecar;
  models: Models;
  files: PromptFiles;
}

/** What the extension asks the sidecar about features, with the user's settings filled in. */
export class FeatureRequests {
  readonly #sidecar: Sidecar;
  readonly #models: Models;
  readonly #files: PromptFiles;

  constructor({ sidecar, models, files }: FeatureRequestParts) {
    this.#sidecar = sidecar;
    this.#models = models;
    this.#files = files;
  }

  /** The dictionaries of a resource's model. */
  async suite(resource: vscode.Uri): Promise<FeatureSuite> {
    const client = await this.#sidecar.client();
    const { dictionaries } = featureSources(resource);
    return client.request("features.suite", { model: await this.#modelOf(resource), dictionaries });
  }

  async search(resource: vscode.Uri, query: string): Promise<FoundFeatures> {
    const client = await this.#sidecar.client();
    const model = await this.#modelOf(resource);
    return client.request("features.search", { model, ...featureSources(resource), query, limit: MOST_FOUND });
  }

  /** Features with their labels. */
  async labelled(resource: vscode.Uri, features: readonly FeatureReference[]): Promise<LabelledFeature[]> {
    const found = await Promise.all(features.map(({ layer, feature }) => this.search(resource, `${layer}/${feature}`)));
    return features.map((feature, at) => found[at]?.found[0] ?? { ...feature, label: "" });
  }

  /** The strongest features of a layer, or those of `only`, over the prompt's tokens. */
  async strongest(
    { uri, inspection }: InspectedPrompt,
    { layer, only }: { layer: number; only: readonly number[] | null },
    signal: AbortSignal,
  ): Promise<StrongestFeatures> {
    const client = await this.#sidecar.client();
    const { key } = inspection;
    const wanted = { key, layer, count: MOST_ROWS, ...featureSources(uri) };
    return client.request("features.strongest", only === null ? wanted : { ...wanted, only: [...only] }, { signal });
  }

  async describe({ uri, inspection }: InspectedPrompt, feature: FeatureReference): Promise<FeatureDescription> {
    const client = await this.#sidecar.client();
    const { directions, refusalTokens } = readSettings(uri);
    return client.request("features.describe", {
      ...feature,
      key: inspection.key,
      ...featureSources(uri),
      directions: directions === "" ? null : directions,
      refusalTokens,
    });
  }

  /** A feature and those like it at the other layers. */
  async follow(resource: vscode.Uri, feature: FeatureReference): Promise<Followed["way"]> {
    const client = await this.#sidecar.client();
    const model = await this.#modelOf(resource);
    const { way } = await client.request("features.follow", { model, ...featureSources(resource), ...feature });
    return way;
  }

  /** Runs the prompts of a document and tells, as it goes, where a feature fires. Ends silently after its signal. */
  async firing(
    document: vscode.TextDocument,
    feature: FeatureReference,
    { signal, tell }: { signal: AbortSignal; tell: (state: FiringState) => void },
  ): Promise<void> {
    tell({ kind: "running", stage: "reading the prompts" });
    try {
      const { prompts } = await this.#files.parse(document);
      const asked = prompts.slice(0, MOST_PROMPTS);
      const client = await this.#sidecar.client();
      const messages = asked.map((prompt) => prompt.messages.map(({ role, text }) => ({ role, text })));
      const { dictionaries } = featureSources(document.uri);
      const model = await this.#modelOf(document.uri);
      const found = await client.request(
        "features.firing",
        { ...feature, model, dictionaries, prompts: messages },
        { signal, onProgress: ({ stage }) => signal.aborted || tell({ kind: "running", stage }) },
      );
      const left = [
        asked.length < prompts.length ? `the first ${asked.length} of ${prompts.length} prompts` : "",
        found.tooLong > 0 ? `without ${found.tooLong} that are longer than the model's context` : "",
      ];
      tell({
        kind: "known",
        ...{ prompts: found.prompts, tokens: found.tokens, fired: found.fired },
        note: left.filter((part) => part !== "").join(", "),
        most: found.most.map(({ prompt, token, activation }) => ({
          ...{ prompt, token, activation },
          title: titleOf(asked[prompt]?.messages.at(-1)?.text ?? "", asked[prompt]?.id ?? `${prompt + 1}`),
        })),
      });
    } catch (error) {
      tell({ kind: "failed", message: signal.aborted ? "Stopped." : sentenceOf(error) });
    }
  }

  /** Writes the decoder vectors of features into a safetensors file. */
  async write(resource: vscode.Uri, features: readonly FeatureReference[], file: string) {
    const client = await this.#sidecar.client();
    const { dictionaries } = featureSources(resource);
    return client.request("features.write", {
      dictionaries,
      model: await this.#modelOf(resource),
      features: [...features],
      file,
    });
  }

  async #modelOf(resource: vscode.Uri): Promise<string> {
    return (await this.#models.forResource(resource)).path;
  }
}

/** A prompt as a list names it: its name or number, and how it begins. */
function titleOf(text: string, id: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return `${id}: ${line.length > 80 ? `${line.slice(0, 79)}\u2026` : line}`;
}
