import { describe, expect, it } from "vitest";
import { pairVerdict } from "../../../sidecar/statistics/battery/pair-verdict.ts";
import { simulateStudy } from "./simulated-model.ts";
import { WORLDS, type World } from "./simulated-worlds.ts";

const STUDIES = 200;
const PROMPTS = 64;
/** A second a test on a free core; a machine that is shared with others takes far longer. */
const PATIENCE = 240_000;

/** How often each verdict came out of studies of one world with n test prompts a category. */
function verdicts({ model }: World, n: number, studies: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < studies; seed++) {
    const { verdict } = pairVerdict(["a", "b"], simulateStudy(model, n, seed)).verdict;
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

function falseVerdicts(counts: ReadonlyMap<string, number>, truth: string): number {
  return [...counts].reduce((sum, [verdict, n]) => (verdict === truth || verdict === "undecided" ? sum : sum + n), 0);
}

describe(`the battery on models whose truth is known, ${STUDIES} studies of ${PROMPTS} prompts a category`, () => {
  for (const world of WORLDS) {
    it(
      `finds ${world.truth}: ${world.name}`,
      () => {
        const counts = verdicts(world, PROMPTS, STUDIES);
        expect(falseVerdicts(counts, world.truth)).toBeLessThanOrEqual(0.05 * STUDIES);
        expect(counts.get(world.truth) ?? 0).toBeGreaterThanOrEqual(
          (world.truth === "undecided" ? 0.95 : 0.8) * STUDIES,
        );
      },
      PATIENCE,
    );
  }
});

describe("the battery with fewer prompts", () => {
  for (const n of [4, 8, 16]) {
    it(
      `gives hardly a false verdict at ${n} prompts a category`,
      () => {
        const studies = 10;
        const wrong = WORLDS.reduce((sum, world) => sum + falseVerdicts(verdicts(world, n, studies), world.truth), 0);
        expect(wrong).toBeLessThanOrEqual(0.05 * studies * WORLDS.length);
      },
      PATIENCE,
    );
  }

  it(
    "gives hardly a false verdict on 64 prompts that are 4 variants each of 16 bases, and decides less often than on 64 bases",
    () => {
      const studies = 10;
      const worlds = WORLDS.filter(({ truth, model }) => truth !== "undecided" && model.train === undefined);
      const counts = worlds.map((world) =>
        verdicts({ ...world, model: { ...world.model, variants: 4 } }, PROMPTS, studies),
      );
      const wrong = counts.reduce((sum, one, i) => sum + falseVerdicts(one, (worlds[i] as World).truth), 0);
      const undecided = counts.reduce((sum, one) => sum + (one.get("undecided") ?? 0), 0);
      expect(wrong).toBeLessThanOrEqual(0.05 * studies * worlds.length);
      expect(undecided).toBeGreaterThan(0.05 * studies * worlds.length);
    },
    PATIENCE,
  );

  it("is undecided at 8 prompts where it decides at 64, and says how many more it needs", () => {
    const [independent] = WORLDS as [World];
    const { verdict } = pairVerdict(["cyber", "fraud"], simulateStudy(independent.model, 8, 1));
    expect(verdict.verdict).toBe("undecided");
    expect(verdict.because).toMatch(/needs about \d+ more prompts? of (cyber|fraud)/);
  });
});
