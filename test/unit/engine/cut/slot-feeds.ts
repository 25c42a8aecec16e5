import type { HookPoint } from "../../../../shared/engine/hook-point.ts";
import type { InstrumentedGraph } from "../../../../sidecar/engine/cut/block.ts";
import { float32 } from "../../../../sidecar/engine/run/tensors.ts";
import { NEVER, slotColumn } from "../../../../sidecar/engine/splice/slot-column.ts";
import type { TestRow } from "../../../support/engine/apply-rows.ts";
import { type Feeds, LANES, POSITIONS, ROWS } from "./block-chain.ts";

const K = 2;

/** Feeds of a graph's packed slots and dictionaries. */
export function slotFeeds(
  graph: InstrumentedGraph,
  slots: readonly HookPoint[],
  dModel: number,
  rowsAt: (at: HookPoint) => readonly TestRow[],
): Feeds {
  const feeds: Feeds = {};
  const names = graph.slots;
  if (names) {
    const count = slots.length;
    const u = new Float32Array(count * dModel * K);
    const v = new Float32Array(count * K * dModel);
    const shift = new Float32Array(count * K);
    const threshold = new Float32Array(ROWS * count * K).fill(NEVER);
    const rest = new Float32Array(ROWS * count * K);
    const mask = new Float32Array(ROWS * count * K);
    for (const [hook, at] of slots.entries()) {
      for (const [k, row] of rowsAt(at).entries()) {
        const column = columnOf(row);
        const bank = hook * K + k;
        for (let d = 0; d < dModel; d++) {
          u[(hook * dModel + d) * K + k] = column.u?.[d] ?? 0;
          v[bank * dModel + d] = column.v[d] ?? 0;
        }
        shift[bank] = names.mask === undefined ? column.shift : column.linearShift;
        for (let position = 0; position < ROWS; position++) {
          if (row.touches(position)) {
            threshold[position * count * K + bank] = column.threshold;
            rest[position * count * K + bank] = column.rest;
            mask[position * count * K + bank] = 1;
          }
        }
      }
    }
    feeds[names.u] = float32(u, [count, dModel, K]);
    feeds[names.v] = float32(v, [count, K, dModel]);
    for (const [name, data, dims] of [
      [names.shift, shift, [count * K]],
      [names.threshold, threshold, [LANES, POSITIONS, count * K]],
      [names.rest, rest, [LANES, POSITIONS, count * K]],
      [names.mask, mask, [LANES, POSITIONS, count * K]],
    ] as const) {
      if (name !== undefined) {
        feeds[name] = float32(data, dims);
      }
    }
  }
  for (const names of graph.dictionaries) {
    const columns = rowsAt(names.at).map((row) => ({ row, column: columnOf(row) }));
    const count = columns.length;
    const each = (value: (column: (typeof columns)[number]) => number) =>
      float32(Float32Array.from(columns, value), [count]);
    const rows = Array.from({ length: ROWS }, (_, row) => row);
    feeds[names.u] = float32(
      Float32Array.from(
        { length: dModel * count },
        (_, i) => columns[i % count]?.column.u?.[Math.floor(i / count)] ?? 0,
      ),
      [dModel, count],
    );
    feeds[names.v] = float32(Float32Array.from(columns.flatMap(({ column }) => [...column.v])), [count, dModel]);
    feeds[names.threshold] = each(({ column }) => column.threshold);
    feeds[names.shift] = each(({ column }) => column.shift);
    feeds[names.rest] = each(({ column }) => column.rest);
    feeds[names.mask] = float32(
      Float32Array.from(rows.flatMap((at) => columns.map(({ row }) => Number(row.touches(at))))),
      [LANES, POSITIONS, count],
    );
    feeds[names.keep] = float32(
      Float32Array.from(rows, (at) => Number(!columns.some(({ row }) => row.drop && row.touches(at)))),
      [LANES, POSITIONS, 1],
    );
  }
  return feeds;
}

function columnOf(row: TestRow) {
  return slotColumn({ ...row, at: "resid_pre.0", positions: "all", edit: 0 });
}
