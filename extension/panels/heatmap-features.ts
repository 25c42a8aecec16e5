import * as vscode from "vscode";
import type { FeatureReference, FeatureSuite } from "../../shared/protocol/feature-messages.ts";
import type { FiringState, FromHeatmap, ToHeatmap } from "../../shared/protocol/pages/heatmap-messages.ts";
import { addLabel } from "../features/add-label.ts";
import { featureReadingId, PINNED_FEATURES } from "../features/feature-names.ts";
import type { FeatureRequests } from "../features/feature-requests.ts";
import { featureSources } from "../features/feature-sources.ts";
import type { PinnedFeatures, PinnedPlace } from "../features/pinned-features.ts";
import { pinnedAsComponent, pinnedAsEdits } from "../features/use-pinned.ts";
import type { InspectedPrompt, Inspections } from "../inspect/inspections.ts";
import type { Models } from "../models/models.ts";
import { sentenceOf } from "../show-problem.ts";
import type { ComparePanels } from "./compare-panels.ts";
import { featurePicture, layerPicture } from "./heatmap-picture.ts";

/** What a heatmap's page says of features. */
export type FeatureMessage = Extract<
  FromHeatmap,
  {
    type:
      | "rows"
      | "search"
      | "describe-feature"
      | "find-firing"
      | "stop-firing"
      | "pin-feature"
      | "label-feature"
      | "show-feature"
      | "follow-feature"
      | "use-pinned";
  }
>;

export interface FeatureParts {
  context: vscode.ExtensionContext;
  inspections: Inspections;
  models: Models;
  requests: FeatureRequests;
  pinned: PinnedFeatures;
  compare: ComparePanels;
}

/** The heatmap whose rows may be features. */
export interface FeatureHeatmap {
  send(message: ToHeatmap): void;
  /** The prompt that is shown, where it was read in this session. */
  shown(): InspectedPrompt | undefined;
  /** The same; refused where there is none. */
  inspected(): InspectedPrompt;
  document(): Promise<vscode.TextDocument | null>;
  /** The cursor's layer. */
  layerOf(inspected: InspectedPrompt): number;
  /** Reads the prompt again with another reading. */
  choose(wanted: { reading: string; site: InspectedPrompt["inspection"]["site"] }): Promise<void>;
}

/** The rows of a heatmap, and what its page does with the features of the model's dictionaries. */
export class HeatmapFeatures {
  readonly #parts: FeatureParts;
  readonly #heatmap: FeatureHeatmap;
  #rows: "layers" | "features" | "pinned" = "layers";
  /** The dictionaries that were found last, and of which model. */
  #suite: { model: string; layers: FeatureSuite["layers"] } = { model: "", layers: [] };
  /** The picture of features that is being asked for, and the search through prompts that runs. */
  #strongest: AbortController | null = null;
  #firing: AbortController | null = null;

  constructor(parts: FeatureParts, heatmap: FeatureHeatmap) {
    this.#parts = parts;
    this.#heatmap = heatmap;
  }

  dispose(): void {
    this.#firing?.abort();
  }

  async receive(message: FeatureMessage): Promise<void> {
    const inspected = () => this.#heatmap.inspected();
    switch (message.type) {
      case "rows":
        this.#rows = message.rows;
        await this.sendPicture(inspected());
        return;
      case "search": {
        const { query } = message;
        const result = await this.#parts.requests.search(inspected().uri, query);
        this.#heatmap.send({ type: "found", query, result });
        return;
      }
      case "describe-feature":
        await this.#describe(inspected(), message);
        return;
      case "find-firing":
        await this.#findFiring(message);
        return;
      case "stop-firing":
        this.#firing?.abort();
        return;
      case "pin-feature":
        await this.#parts.pinned.toggle(await this.#placeOf(inspected()), referenceOf(message));
        return;
      case "label-feature":
        await this.#label(inspected(), referenceOf(message));
        return;
      case "show-feature":
        await this.#showReading(featureReadingId([message]));
        return;
      case "follow-feature":
        await this.#follow(inspected(), referenceOf(message));
        return;
      case "use-pinned":
        await this.#usePinned(inspected(), message.as);
    }
  }

  /** Whoever wants another reading wants to see it. */
  showLayers(): void {
    this.#rows = "layers";
  }

  /** The dictionaries of a model as far as they were found before. */
  knownSuite(model: string): FeatureSuite["layers"] {
    return this.#suite.model === model ? this.#suite.layers : [];
  }

  /** The dictionaries of a resource's model; those of a large model take a while to open. */
  async findSuite(uri: vscode.Uri, model: string): Promise<FeatureSuite["layers"]> {
    const { layers } = await this.#parts.requests.suite(uri);
    this.#suite = { model, layers };
    return layers;
  }

  async sendPins(inspected: InspectedPrompt): Promise<void> {
    const features = await this.#parts.requests.labelled(inspected.uri, await this.#pinned(inspected));
    this.#heatmap.send({ type: "pinned-features", features });
  }

  async sendPicture(inspected: InspectedPrompt): Promise<void> {
    this.#strongest?.abort();
    if (this.#rows !== "layers") await this.#sendFeatures(inspected);
    else this.#heatmap.send({ type: "picture", picture: layerPicture(inspected), saved: false });
    if (inspected.stale) this.#heatmap.send({ type: "stale" });
  }

  /** Rows of features are those of the cursor's layer. */
  async layerMoved(inspected: InspectedPrompt): Promise<void> {
    if (this.#rows !== "layers") await this.#sendFeatures(inspected);
  }

  async pinsChanged(): Promise<void> {
    const inspected = this.#heatmap.shown();
    if (inspected === undefined) return;
    await this.sendPins(inspected);
    if (this.#rows === "pinned") await this.#sendFeatures(inspected);
    // What shows the pinned features shows the others now; with none left, the first reading takes over.
    if (inspected.reading.id === PINNED_FEATURES) await this.#readAgain();
  }

  /** The strongest or the pinned features at the cursor's layer; a newer wish takes over. */
  async #sendFeatures(inspected: InspectedPrompt): Promise<void> {
    this.#strongest?.abort();
    const controller = new AbortController();
    this.#strongest = controller;
    const layer = this.#heatmap.layerOf(inspected);
    const pinned = this.#rows === "pinned";
    try {
      const at = pinned ? (await this.#pinned(inspected)).filter((one) => one.layer === layer) : null;
      const only = at?.map(({ feature }) => feature) ?? null;
      const strongest = await this.#parts.requests.strongest(inspected, { layer, only }, controller.signal);
      if (controller.signal.aborted) return;
      const picture = featurePicture(inspected, { layer, pinned }, strongest);
      this.#heatmap.send({ type: "picture", picture, saved: false });
    } catch (error) {
      if (!controller.signal.aborted) this.#heatmap.send({ type: "failed", message: sentenceOf(error) });
    }
  }

  async #describe(inspected: InspectedPrompt, of: FeatureReference): Promise<void> {
    const feature = await this.#parts.requests.describe(inspected, referenceOf(of));
    this.#heatmap.send({ type: "feature", feature });
  }

  /** Everything that shows the feature's label is sent again. */
  async #label(inspected: InspectedPrompt, of: FeatureReference): Promise<void> {
    const [known] = await this.#parts.requests.labelled(inspected.uri, [of]);
    if (!(await addLabel(inspected.uri, known ?? { ...of, label: "" }))) return;
    await this.#describe(inspected, of);
    await this.sendPins(inspected);
    // A reading of features is called by their label.
    if (inspected.reading.features.length > 0) await this.#readAgain();
    else await this.sendPicture(inspected);
  }

  async #follow(inspected: InspectedPrompt, feature: FeatureReference): Promise<void> {
    try {
      const way = await this.#parts.requests.follow(inspected.uri, feature);
      this.#heatmap.send({ type: "followed", ...feature, way });
      // Its own comes first: the reading is called by it.
      const others = way.filter(({ layer }) => layer !== feature.layer);
      await this.#showReading(featureReadingId([feature, ...others]));
    } catch (error) {
      this.#heatmap.send({ type: "failed", message: sentenceOf(error) });
    }
  }

  async #findFiring({ layer, feature }: FeatureReference): Promise<void> {
    const document = await this.#heatmap.document();
    if (document === null) return;
    this.#firing?.abort();
    const controller = new AbortController();
    this.#firing = controller;
    const tell = (firing: FiringState) => this.#heatmap.send({ type: "firing", layer, feature, firing });
    await this.#parts.requests.firing(document, { layer, feature }, { signal: controller.signal, tell });
  }

  async #usePinned(inspected: InspectedPrompt, as: "reading" | "component" | "edit"): Promise<void> {
    const { context, requests, compare } = this.#parts;
    switch (as) {
      case "reading":
        await this.#showReading(PINNED_FEATURES);
        return;
      case "component": {
        const model = await this.#modelOf(inspected);
        await pinnedAsComponent(requests, { uri: inspected.uri, model }, await this.#pinned(inspected));
        return;
      }
      case "edit": {
        const file = await pinnedAsEdits(context, requests, inspected, await this.#pinned(inspected));
        const document = await vscode.workspace.openTextDocument(inspected.uri);
        await compare.compare(document, inspected.prompt, file);
      }
    }
  }

  async #showReading(reading: string): Promise<void> {
    this.showLayers();
    await this.#heatmap.choose({ reading, site: this.#heatmap.inspected().inspection.site });
  }

  async #readAgain(): Promise<void> {
    const document = await this.#heatmap.document();
    if (document !== null) await this.#parts.inspections.again(document);
  }

  async #modelOf({ uri }: InspectedPrompt): Promise<string> {
    return (await this.#parts.models.forResource(uri)).path;
  }

  async #placeOf(inspected: InspectedPrompt): Promise<PinnedPlace> {
    const { dictionaries } = featureSources(inspected.uri);
    return { model: await this.#modelOf(inspected), dictionaries };
  }

  async #pinned(inspected: InspectedPrompt): Promise<readonly FeatureReference[]> {
    return this.#parts.pinned.of(await this.#placeOf(inspected));
  }
}

function referenceOf({ layer, feature }: FeatureReference): FeatureReference {
  return { layer, feature };
}
