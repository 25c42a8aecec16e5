import { describe, expect, it } from "vitest";
import { locateMessages, type Render } from "../../../sidecar/engine/tokens/locate-messages.ts";
import { growth } from "../../support/growth.ts";

/** The rendered text with each message's characters replaced by its index, and the rest by dots. */
function located(contents: string[], render: Render): string {
  const plain = render(contents);
  const { owner, offset } = locateMessages(contents, plain, render);
  owner.forEach((message, unit) => {
    if (message >= 0 && plain[unit] !== undefined) expect(contents[message]?.[offset[unit] ?? -1]).toBe(plain[unit]);
  });
  return [...owner].map((message) => (message < 0 ? "." : String(message))).join("");
}

describe("messages in a rendered text", () => {
  it("are found where the template's own words are the same", () => {
    expect(located(["user", "user"], ([a, b]) => `user:${a}user:${b}`)).toBe(".....0000.....1111");
  });

  it("are told from white space that the template writes", () => {
    expect(located(["a\n"], ([a]) => `<${a?.trim()}\n>`)).toBe(".0..");
    expect(located(["a\n"], ([a]) => `<${a}>`)).toBe(".00.");
    expect(located([" a"], ([a]) => `< ${a?.trim()}>`)).toBe("..0.");
    expect(located([" a"], ([a]) => `< ${a}>`)).toBe("..00.");
  });

  it("are found each time that the template repeats them", () => {
    expect(located(["ab"], ([a]) => `${a}-${a}`)).toBe("00.00");
  });

  it("are found in another order", () => {
    expect(located(["one", "two"], ([a, b]) => `${b}/${a}`)).toBe("111.000");
  });

  it("are found by a template that looks at how they begin", () => {
    expect(located(["<x>a b c"], ([a]) => (a?.startsWith("<x>") ? `yes ${a}` : "no"))).toBe("....00000000");
  });

  it("are found by a template that looks at how they end", () => {
    expect(located(["a b c!"], ([a]) => (a?.endsWith("!") ? `yes ${a}` : "no"))).toBe("....000000");
  });

  it("are found where only a part of them is left", () => {
    expect(located(["thought</t> answer two"], ([a]) => `[${a?.split("</t>").at(-1)?.trim()}]`)).toBe(".0000000000.");
  });

  it("are found by their text where no mark is let through", () => {
    expect(located(["hello"], ([a]) => (a === "hello" ? `<${a}>` : "other"))).toBe(".00000.");
  });

  it("are said to be lost where they cannot be followed", () => {
    const render: Render = ([a]) => (a === "hello" ? "HELLO" : "other");
    expect(locateMessages(["hello"], "HELLO", render).lost).toEqual([0]);
  });

  it("are said to be dropped where nothing of them is there", () => {
    expect(locateMessages(["a", "b"], "b", ([, b]) => b ?? "").dropped).toEqual([0]);
  });

  it("are found although a text holds private-use characters of the marks' own", () => {
    expect(located(["\u{100000}x"], ([a]) => `<${a}>`)).toBe(".000.");
  });

  it("are found in a time that grows with the text", () => {
    const render: Render = ([a]) => `<${a}>`;
    const locate = (words: number) => {
      const text = "ab ".repeat(words);
      expect(locateMessages([text], `<${text}>`, render).owner.indexOf(-1, 1)).toBe(text.length + 1);
    };
    expect(growth(locate, 20_000)).toBeLessThan(10);
  });
});
