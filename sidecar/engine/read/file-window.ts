import { closeSync, fstatSync, openSync, readSync } from "node:fs";

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

const CHUNK = 1 << 18;
const LONGEST_HEADER = 20;

/** Where a field of a message stands in a file. */
export interface FieldPlace {
  number: number;
  wire: WireType;
  start: number;
  valueStart: number;
  end: number;
}

/** Random access to a file of any size, a chunk at a time: what is skipped is never read. */
export class FileWindow {
  readonly path: string;
  readonly size: number;
  readonly #descriptor: number;
  #chunk = new Uint8Array(0);
  #chunkStart = 0;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, "r");
    this.size = fstatSync(this.#descriptor).size;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** A copy of the bytes; fewer where the file ends before. */
  bytes(offset: number, length: number): Uint8Array {
    return this.#view(offset, length).slice();
  }

  /** The fields of the message at `[start, end)`, their values unread. Throws a RangeError where they do not add up. */
  *fields(start: number, end: number): Generator<FieldPlace> {
    let at = start;
    while (at < end) {
      const reader = new BinaryReader(this.#view(at, Math.min(LONGEST_HEADER, end - at)));
      const [number, wire] = reader.tag();
      let length = 0;
      let valueStart = at + reader.pos;
      if (wire === WireType.LengthDelimited) {
        length = reader.uint32();
        valueStart = at + reader.pos;
      } else {
        length = reader.skip(wire, number).length;
      }
      const fieldEnd = valueStart + length;
      if (fieldEnd > end) {
        throw new RangeError(`field ${number} at byte ${at} should reach to byte ${fieldEnd}`);
      }
      yield { number, wire, start: at, valueStart, end: fieldEnd };
      at = fieldEnd;
    }
  }

  #view(offset: number, length: number): Uint8Array {
    const within = offset - this.#chunkStart;
    if (within < 0 || within + length > this.#chunk.length) {
      const buffer = new Uint8Array(Math.min(Math.max(length, CHUNK), Math.max(this.size - offset, 0)));
      let filled = 0;
      while (filled < buffer.length) {
        const count = readSync(this.#descriptor, buffer, filled, buffer.length - filled, offset + filled);
        if (count === 0) {
          break;
        }
        filled += count;
      }
      this.#chunk = buffer.subarray(0, filled);
      this.#chunkStart = offset;
    }
    const from = offset - this.#chunkStart;
    return this.#chunk.subarray(from, from + length);
  }
}
