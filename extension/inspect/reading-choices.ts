import type * as vscode from "vscode";
import type { Site } from "../../shared/engine/hook-point.ts";
import type { DirectionReference } from "../../shared/protocol/inspect-messages.ts";
import { Disposable } from "../disposable.ts";
import type { Models } from "../models/models.ts";
import { readSettings } from "../settings.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";

/** A reading that the user can choose: one of the sidecar's, with the direction it reads where it needs one. */
export interface ChosenReading {
  /** `refusal-lens`, or `projection:cyber` for a reading of a direction. */
  id: string;
  reading: string;
  direction: DirectionReference | null;
  label: string;
  unit: string;
  describe: string;
}

/** Which readings there are, and which one the window shows. */
export class ReadingChoices extends Disposable {
  readonly #sidecar: Sidecar;
  readonly #models: Models;
  #chosen: string | null = null;
  #site: Site | null = null;
  #known: ChosenReading[] = [];

  constructor(sidecar: Sidecar, models: Models) {
    super();
    this.#sidecar = sidecar;
    this.#models = models;
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
    const client = await this.#sidecar.client();
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
            label: direction.name,
            unit,
            describe: `${describe} Direction ${direction.name} of ${direction.vector}.`,
          }))
        : [{ id, reading: id, direction: null, label, unit, describe }],
    );
    return this.#known;
  }

  /** The reading to show; the settings' one until another is chosen, the first one where that doesn't exist. */
  async current(resource: vscode.Uri): Promise<ChosenReading> {
    const all = this.#known.length > 0 ? this.#known : await this.all(resource);
    const wanted = this.#chosen ?? readSettings(resource).reading;
    const found = all.find(({ id }) => id === wanted) ?? all[0];
    if (found === undefined) throw new Error("The sidecar offers no readings.");
    return found;
  }
}
