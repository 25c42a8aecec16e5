import { expect, test } from "vitest";

import { blockSizes } from "../../../../sidecar/engine/cut/block-sizes.ts";

test("blocks have at most six layers, as even as the count allows", () => {
  expect(blockSizes(30).map(([first, last]) => last - first + 1)).toEqual([6, 6, 6, 6, 6]);
  expect(blockSizes(26).map(([first, last]) => last - first + 1)).toEqual([5, 5, 5, 5, 6]);
  expect(blockSizes(3)).toEqual([[0, 2]]);
});

test("any number of blocks covers every layer once", () => {
  for (let layers = 1; layers <= 40; layers++) {
    for (let blocks = 1; blocks <= layers; blocks++) {
      const covered = blockSizes(layers, blocks).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      expect(covered).toEqual(Array.from({ length: layers }, (_, layer) => layer));
    }
  }
});
