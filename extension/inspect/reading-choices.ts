import type * as vscode from "vscode";
import type { Site } from "../../shared/engine/hook-point.ts";
import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";
import type { DirectionReference } from "../../shared/protocol/inspect-messages.ts";
import { Disposable } from "../disposable.ts";
import { chosenFeatures, featureName, PINNED_FEATURES } from "../features/feature-names.ts";
import { featureSources } from "../features/feature-sources.ts";
import type { PinnedFeatures } from "../features/pinned-features.ts";
import type { Models } from "../models/models.ts";
import { readSettings } from "../settings.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";

/** A reading that the user can choose: one of the sidecar's, with the direction or the features it reads where it needs them. */
export interface ChosenReading {
  /** `refusal-lens`, `projection:cyber` for a reading of a direction, `features:4/512` or `features:pinned` for one of features. */
  id: string;
  reading: string;
  direction: DirectionReference | null;
  features: FeatureReference[];
  label: string;
  unit: string;
  describe: string;
}

/** Which readings there are, and which one the window shows. */
export class ReadingChoices extends Disposable {
  readonly #sidecar: Sidecar;
  readonly #models: Models;
  readonly #pinned: PinnedFeatures;
  #chosen: string | null = null;
  #site: Site | null = null;
  #known: ChosenReading[] = [];

  constructor(sidecar: Sidecar, models: Models, pinned: PinnedFeatures) {
    super();
    this.#sidecar = sidecar;
    this.#models = models;
    this.#pinned = pinned;
  }

  /** What `all` found last. */
  get known(): readonly ChosenReading[] {
    return this.#known;
  }

  site(resource: vscode.Uri): Site {
    return this.#site ?? readSettings(resource).site;
  }

  choose(id: string, site: Site): void {
    this.#chosen = id;
    this.#site = site;
  }

  async all(resource: vscode.Uri): Promise<ChosenReading[]> {
    // With the plugins as the settings and other extensions name them now.
    const client = await this.#models.client();
    const model = await this.#models.forResource(resource);
    const file = readSettings(resource).directions;
    const { readings } = await client.request("readings.list", {});
    const { directions } = await client.request("directions.list", {
      model: model.path,
      file: file === "" ? null : file,
    });
    this.#known = readings.flatMap(({ id, label, unit, describe, needsDirection }): ChosenReading[] =>
      needsDirection
        ? directions.map((direction) => ({
            id: `${id}:${direction.name}`,
            reading: id,
            direction,
            features: [],
            label: direction.name,
            unit,
            describe: `${describe} Direction ${direction.name} of ${direction.vector}.`,
          }))
        : [{ id, reading: id, direction: null, features: [], label, unit, describe }],
    );
    return this.#known;
  }

  /** The reading to show; the settings' one until another is chosen, the first one where that doesn't exist. */
  async current(resource: vscode.Uri): Promise<ChosenReading> {
    const all = this.#known.length > 0 ? this.#known : await this.all(resource);
    const wanted = this.#chosen ?? readSettings(resource).reading;
    const { path } = await this.#models.forResource(resource);
    const [first, ...others] = chosenFeatures(
      wanted,
      this.#pinned.of({ model: path, dictionaries: featureSources(resource).dictionaries }),
    );
    if (first !== undefined) return this.#featureReading(wanted, [first, ...others], resource);
    const found = all.find(({ id }) => id === wanted) ?? all[0];
    if (found === undefined) throw new Error("The sidecar offers no readings.");
    return found;
  }

  /** A reading of features, called by the label of the one feature where it has one. */
  async #featureReading(
    id: string,
    features: [FeatureReference, ...FeatureReference[]],
    resource: vscode.Uri,
  ): Promise<ChosenReading> {
    const [first] = features;
    const { path } = await this.#models.forResource(resource);
    const client = await this.#sidecar.client();
    const { found } = await client.request("features.search", {
      model: path,
      ...featureSources(resource),
      query: `${first.layer}/${first.feature}`,
      limit: 1,
    });
    const label = found[0]?.label ?? "";
    return {
      ...{ id, reading: "features", direction: null, features, unit: "activation" },
      label: labelOf(id, features, label),
      describe: `The sum of the activations of ${features.map(featureName).join(", ")}, each at its own layer.`,
    };
  }
}

function labelOf(id: string, [first, ...others]: [FeatureReference, ...FeatureReference[]], label: string): string {
  if (id === PINNED_FEATURES) return `${others.length + 1} pinned`;
  const name = `${featureName(first)} ${label}`.trim();
  return others.length === 0 ? name : `${name} and ${others.length} like it`;
}
