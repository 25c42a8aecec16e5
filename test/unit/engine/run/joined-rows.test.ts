import { describe, expect, it } from "vitest";
import { JoinedRows } from "../../../../sidecar/engine/run/joined-rows.ts";

describe("rows that come some at a time", () => {
  it("lie one after the other, the last ones fewer", () => {
    const joined = new JoinedRows(5, 2);
    joined.take(0, 2, Float32Array.of(0, 1, 10, 11));
    joined.take(2, 2, Float32Array.of(20, 21, 30, 31));
    joined.take(4, 1, Float32Array.of(40, 41));
    expect([...joined.all()]).toEqual([0, 1, 10, 11, 20, 21, 30, 31, 40, 41]);
  });

  it("are not copied where they come at once", () => {
    const joined = new JoinedRows(2, 2);
    const rows = Float32Array.of(0, 1, 10, 11);
    joined.take(0, 2, rows);
    expect(joined.all()).toBe(rows);
  });
});
