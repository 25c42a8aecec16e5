import { describe, expect, it } from "vitest";
import type { DecorationOptions } from "vscode";
import { DrawnTypes } from "../../../extension/inspect/drawn-types.ts";

type Editor = Parameters<DrawnTypes["set"]>[0];
type Type = Parameters<DrawnTypes["set"]>[1];
type Ranges = Parameters<DrawnTypes["set"]>[2];

/** An editor that writes down what it is told. */
function recorded() {
  const told: [string, number][] = [];
  const setDecorations = (type: Type, ranges: Ranges) => void told.push([type.key, ranges.length]);
  return { editor: { setDecorations } as Partial<Editor> as Editor, told };
}

const type = (key: string): Type => ({ key, dispose: () => undefined });
const ONE: Ranges = [{} as Partial<DecorationOptions> as DecorationOptions];

describe("what an editor is told of its decorations", () => {
  it("leaves a type alone that has none there and gets none", () => {
    const { editor, told } = recorded();
    new DrawnTypes().set(editor, type("a"), []);
    expect(told).toEqual([]);
  });

  it("takes away once what was drawn, and draws again", () => {
    const { editor, told } = recorded();
    const [drawn, a] = [new DrawnTypes(), type("a")];
    for (const ranges of [ONE, [], [], ONE]) drawn.set(editor, a, ranges);
    expect(told).toEqual([
      ["a", 1],
      ["a", 0],
      ["a", 1],
    ]);
  });

  it("knows each editor for itself", () => {
    const [first, second] = [recorded(), recorded()];
    const [drawn, a] = [new DrawnTypes(), type("a")];
    drawn.set(first.editor, a, ONE);
    drawn.set(second.editor, a, []);
    expect(second.told).toEqual([]);
    drawn.set(first.editor, a, []);
    expect(first.told).toHaveLength(2);
  });
});
