import { Packr } from "msgpackr";
import { refused } from "../errors.ts";

/**
 * One frame is one MessagePack value. `moreTypes` keeps typed arrays typed; records stay off, since they need state that both ends share and a
 * reconnected socket has lost. Decoded arrays own their memory: Electron forbids buffers that don't.
 */
const packr = new Packr({ moreTypes: true, useRecords: false, mapsAsObjects: true, int64AsType: "number" });

export function encodeFrame(frame: object): Uint8Array<ArrayBuffer> {
  // A copy of its own: the packer reuses its buffer for the next frame.
  return new Uint8Array(packr.pack(frame));
}

export function decodeFrame(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (error) {
    throw refused(`A message of ${bytes.length} bytes is not MessagePack.`, error);
  }
}
