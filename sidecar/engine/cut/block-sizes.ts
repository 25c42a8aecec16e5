import { refused } from "../../../shared/errors.ts";

const LARGEST = 6;

/** First and last layer of each block: as few blocks of at most 6 layers as the count needs, as even as it allows; or as many as asked for. */
export function blockSizes(layers: number, blocks = Math.ceil(layers / LARGEST)): [first: number, last: number][] {
  if (!Number.isInteger(blocks) || blocks < 1 || blocks > layers) {
    throw refused(`The number of blocks is ${blocks}; expected 1 to ${layers}, the number of layers.`);
  }
  return Array.from({ length: blocks }, (_, block) => [
    Math.floor((block * layers) / blocks),
    Math.floor(((block + 1) * layers) / blocks) - 1,
  ]);
}
