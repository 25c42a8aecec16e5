import assert from "node:assert/strict";
import * as vscode from "vscode";
import { openFile, refractApi } from "./refract-api.ts";

/** More readings than there are. */
const MOST_STEPS = 50;

describe("a plugin that another extension contributes", () => {
  it("offers its readings like the built-in ones", async () => {
    const api = await refractApi();
    const { document } = await openFile("start.prompt.md");
    await vscode.commands.executeCommand("refract.inspect", document.uri, 0);
    const shown = () => api.inspections.of(document.uri)[0];
    const before = shown()?.reading.id;
    for (let step = 0; step < MOST_STEPS && shown()?.reading.id !== "layer-number"; step++)
      await vscode.commands.executeCommand("refract.nextReading");
    assert.equal(shown()?.reading.label, "layer number");
    const { values, layers } = shown()?.inspection ?? { values: new Float32Array(), layers: 0 };
    const tokens = values.length / layers;
    assert.deepEqual(
      Array.from({ length: layers }, (_, layer) => values[layer * tokens]),
      Array.from({ length: layers }, (_, layer) => layer),
    );
    for (let step = 0; step < MOST_STEPS && shown()?.reading.id !== before; step++)
      await vscode.commands.executeCommand("refract.nextReading");
    assert.equal(shown()?.reading.id, before);
  });
});
