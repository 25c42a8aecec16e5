import { describe, expect, test } from "vitest";
import { notesFile, notesWithLabel } from "../../../extension/features/label-notes.ts";

const FEATURE = { layer: 4, feature: 512 };

describe("a label that is added", () => {
  test("begins the notes where there are none", async () => {
    expect(await notesWithLabel("", FEATURE, "intrusion: computers")).toBe('4/512: "intrusion: computers"\n');
  });

  test("stands beside the others, and comments stay", async () => {
    const before = "# what I saw\n3/7: greetings # weak\n";
    expect(await notesWithLabel(before, FEATURE, "intrusion")).toBe(`${before}4/512: intrusion\n`);
  });

  test("takes the old one's place, however that was written", async () => {
    expect(await notesWithLabel("L4/#512: burglary\n3/7: greetings\n", FEATURE, "intrusion")).toBe(
      "L4/#512: intrusion\n3/7: greetings\n",
    );
  });

  test("takes the old one away where it is empty", async () => {
    expect(await notesWithLabel("4/512: burglary\n3/7: greetings\n", FEATURE, "")).toBe("3/7: greetings\n");
  });

  test("is refused by notes of another kind, which stay as they are", async () => {
    await expect(notesWithLabel("- intrusion\n", FEATURE, "x")).rejects.toThrow(/not lines "layer\/feature: label"/);
  });

  test("is written into the notes that the setting names, or into those beside its export", () => {
    expect(notesFile("/w/mine.yaml", false)).toBe("/w/mine.yaml");
    expect(notesFile("/w/batch-0.jsonl.gz", false)).toBe("/w/features.notes.yaml");
    expect(notesFile("/w/gemma", true)).toBe("/w/gemma/features.notes.yaml");
  });
});
