import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { Positions } from "../../shared/engine/positions.ts";
import type { LaneEdits, SlotRow } from "../../shared/engine/slot-row.ts";
import { dot, norm } from "../statistics/vectors.ts";
import { streamName } from "./same-stream.ts";

/** What one row writes is read by another as soon as this much of it lies along the other's `u` (a cosine). */
const READS = 1e-4;

/** Pairs of edits that a note names: twenty features taken out at one place are 190. */
const MOST_PAIRS = 6;

/**
 * Says in words where edits of one condition meet: at one hook point, where an edit reads what another writes, so that their order would
 * matter (all are read from the value before any of them); and at two names of one stream, where they follow one another.
 */
export function overlapNotes(edits: LaneEdits): string[] {
  return [...orderNotes(edits), ...streamNotes(edits)];
}

function orderNotes({ rows, drops }: LaneEdits): string[] {
  const places = new Map<string, HookPoint[]>();
  const say = (first: number, second: number, at: HookPoint): void => {
    const pair = `${Math.min(first, second)} and ${Math.max(first, second)}`;
    const points = places.get(pair) ?? [];
    if (!points.includes(at)) places.set(pair, [...points, at]);
  };
  for (const point of new Set(rows.map(({ at }) => at))) {
    const here = rows.filter(({ at }) => at === point);
    const dropping = drops.filter(({ at }) => at === point).map(({ edit }) => edit);
    const steering = here.filter(({ edit }) => !dropping.includes(edit));
    for (const reader of steering) {
      for (const writer of steering) {
        if (reader.edit !== writer.edit && meet(reader.positions, writer.positions) && reads(reader, writer)) {
          say(reader.edit, writer.edit, point);
        }
      }
      for (const edit of dropping) say(reader.edit, edit, point);
    }
  }
  const byPlace = new Map<string, string[]>();
  for (const [pair, points] of places) {
    const where = points.join(", ");
    byPlace.set(where, [...(byPlace.get(where) ?? []), pair]);
  }
  return [...byPlace].map(
    ([where, pairs]) =>
      `edits ${named(pairs)} overlap at ${where}: each is read from the value before any of them, and their changes are added`,
  );
}

function named(pairs: readonly string[]): string {
  const more = pairs.length - MOST_PAIRS;
  return more > 0 ? `${pairs.slice(0, MOST_PAIRS).join(", ")} and ${more} more pairs` : pairs.join(", ");
}

function reads({ u }: SlotRow, { v }: SlotRow): boolean {
  return u !== null && Math.abs(dot(u, v)) > READS * norm(u) * norm(v);
}

/** Whether two position lists can touch the same position; in doubt they can. */
function meet(a: Positions, b: Positions): boolean {
  const prompt = (p: Positions): boolean => p === "prompt" || p === "last";
  return !((a === "generated" && prompt(b)) || (b === "generated" && prompt(a)));
}

function streamNotes({ rows, drops }: LaneEdits): string[] {
  const names = new Map<HookPoint, Set<HookPoint>>();
  const repeatable = new Set(rows.filter(isAblation));
  for (const part of [...rows, ...drops]) {
    // What is ablated twice is ablated once: naming every hook point is how the whole stream is ablated.
    if (repeatable.has(part as SlotRow)) continue;
    const { at } = part;
    const stream = streamName(at);
    names.set(stream, (names.get(stream) ?? new Set()).add(at));
  }
  const doubled = [...names.values()].filter((points) => points.size > 1);
  if (doubled.length === 0) return [];
  const listed = doubled.slice(0, 3).map((points) => [...points].join(" and "));
  const rest = doubled.length > 3 ? `; and ${doubled.length - 3} more such pairs` : "";
  return [`${listed.join("; ")} are the same stream: what both add is added twice${rest}`];
}

function isAblation({ u, v, c, g }: SlotRow): boolean {
  return u === v && c === 0 && g === -1;
}
