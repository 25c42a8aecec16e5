import { describe, expect, it } from "vitest";
import { pythonStrftime, pythonStrip } from "../../../sidecar/engine/tokens/python-text.ts";

describe("dates as Python writes them", () => {
  // Values of datetime(2026, 3, 9, 14, 5, 7).strftime in Python 3.11.
  const date = new Date(2026, 2, 9, 14, 5, 7);

  it("come out in the C locale", () => {
    expect(pythonStrftime(date, "%d %b %Y")).toBe("09 Mar 2026");
    expect(pythonStrftime(date, "%A, %B %-d, %y %H:%M:%S %I%p %j %%")).toBe("Monday, March 9, 26 14:05:07 02PM 068 %");
    expect(pythonStrftime(date, "%F %T %a %e")).toBe("2026-03-09 14:05:07 Mon  9");
  });

  it("with a directive that isn't known are refused, not guessed", () => {
    expect(() => pythonStrftime(date, "%Q")).toThrow(/%Q/);
  });
});

describe("white space as Python strips it", () => {
  it("is not U+FEFF, and is U+001C and U+0085", () => {
    expect(pythonStrip("\u001c \uFEFFa\u0085", "both")).toBe("\uFEFFa");
  });

  it("is what the argument names, where there is one", () => {
    expect(pythonStrip("\n a\n", "left", "\n")).toBe(" a\n");
    expect(pythonStrip("xyaxy", "right", "yx")).toBe("xya");
  });
});
