/** The demo model's refusal is known (`extension/samples/model/truth.json`): each sample spec must find what was planted, on test prompts. */
import { afterAll, expect, it } from "vitest";
import { openSampleRunner } from "../../support/run-sample.ts";

const MINUTES = 60_000;

const samples = openSampleRunner();
afterAll(() => samples.close());

it(
  "cross-ablation: the three planted pairs get their planted verdicts at the planted layers",
  async () => {
    const run = await samples.run("cross-ablation.refract.yaml");
    const planted = {
      "cyber-fraud": { "cyber/fraud": "detached" },
      "theft-vandalism": { "theft/vandalism": "sintered" },
      "weapons-poison": { "weapons/poison": "one cause under distinct shapes" },
    };
    for (const [experiment, verdicts] of Object.entries(planted)) {
      expect(run.verdicts(experiment)).toEqual(verdicts);
      const found = run.document.experiments.find(({ name }) => name === experiment)?.verdicts[0];
      expect([4, 5]).toContain(found?.layer);
      // A direction drawn at random changes nothing; one with the data's covariance shares what varies among the refused prompts.
      const random = run.document.experiments
        .find(({ name }) => name === experiment)
        ?.figures.filter(({ name, of }) => name === "control effect" && of[0]?.startsWith("random"));
      expect(random?.length).toBeGreaterThan(0);
      for (const control of random ?? []) expect(Math.abs(control.estimate ?? 1)).toBeLessThan(0.1);
    }
  },
  20 * MINUTES,
);

it(
  "cross-ablation with few prompts is undecided and says how many more it needs",
  async () => {
    const run = await samples.run("few-prompts.refract.yaml");
    expect(run.verdicts("causes")).toEqual({ "cyber/fraud": "undecided" });
    expect(run.document.experiments[0]?.verdicts[0]?.because).toMatch(/needs .*more .*prompts/);
  },
  10 * MINUTES,
);

it(
  "geometry: separate knobs have distinct shapes, the shared one has one",
  async () => {
    const run = await samples.run("geometry.refract.yaml");
    expect(run.verdicts("shapes")).toEqual({
      "cyber/theft": "distinct",
      "cyber/vandalism": "distinct",
      "theft/vandalism": "one",
    });
  },
  10 * MINUTES,
);

it(
  "directions: means and cosines find a direction that takes its category's refusals away, and a given one is tried too",
  async () => {
    const run = await samples.run("directions.refract.yaml");
    for (const name of ["by-means", "by-cosine"]) {
      expect(run.figure("found", "effect", [name, name]).estimate).toBeGreaterThan(0.8);
    }
    expect(run.figure("found", "effect", ["given", "given"]).n).toBe(64);
  },
  10 * MINUTES,
);

it(
  "layer sweep: the decision is worked on before the wording",
  async () => {
    const run = await samples.run("layer-sweep.refract.yaml");
    const decided = run.figure("decision", "effect onset", ["cyber"]).estimate;
    const worded = run.figure("words", "effect onset", ["wording"]).estimate;
    expect(decided).toBeLessThan(worded);
    expect(run.figure("decision", "reading onset", ["cyber"]).estimate).toBeLessThanOrEqual(decided);
  },
  10 * MINUTES,
);

it(
  "wording: the wording component is told from the detecting one, and a decision without it changes what is done and not how it is said",
  async () => {
    const run = await samples.run("wording.refract.yaml");
    expect(run.verdicts("judged")).toEqual({ cyber: "detection", wording: "wording" });
    expect(run.figure("said", "refusal rate", ["no-decision", "cyber"]).estimate).toBeLessThan(0.2);
    expect(run.figure("said", "refusal rate", ["no-wording", "cyber"]).estimate).toBeGreaterThan(0.8);
  },
  10 * MINUTES,
);

it(
  "quadrants: stories are complied with, games refused, and harmfulness follows the label there",
  async () => {
    const run = await samples.run("quadrants.refract.yaml");
    const rows = run.document.experiments[0]?.evidence["label/harmful, complied"]?.rows ?? [];
    expect(rows.filter(({ id }) => id.startsWith("story")).length).toBeGreaterThan(0.8 * rows.length);
    const games = run.document.experiments[0]?.evidence["label/harmless, refused"]?.rows ?? [];
    expect(games.filter(({ id }) => id.startsWith("game")).length).toBeGreaterThan(0.8 * games.length);
    expect(games.length).toBeGreaterThan(40);
    expect(run.verdicts("cells")).toEqual({ "harm/refusal": "apart" });
  },
  10 * MINUTES,
);

it(
  "conditions: who asks and where matter for the conditional category alone",
  async () => {
    const run = await samples.run("conditions.refract.yaml");
    const verdicts = run.verdicts("askers");
    expect(verdicts["alcohol/asker"]).toBe("matters");
    expect(verdicts["alcohol/place"]).toBe("matters");
    for (const category of ["cyber", "cooking"]) {
      expect(verdicts[`${category}/asker`]).not.toBe("matters");
      expect(verdicts[`${category}/place`]).not.toBe("matters");
    }
    expect(run.figure("askers", "refusal rate", ["alcohol", "asker=minor"]).low).toBeGreaterThan(0.75);
  },
  10 * MINUTES,
);

it(
  "jailbreak: the drill moves harmfulness and refusal with it, the order refusal only",
  async () => {
    const run = await samples.run("jailbreak.refract.yaml");
    expect(run.verdicts("wrappers")).toEqual({ drill: "both", order: "refusal" });
  },
  10 * MINUTES,
);

it(
  "clusters: activations recover the categories, above the null",
  async () => {
    const run = await samples.run("clusters.refract.yaml");
    const found = run.figure("kinds", "adjusted Rand", ["activations"]).estimate;
    expect(found).toBeGreaterThan(run.figure("kinds", "adjusted Rand, permuted labels", ["activations"]).high);
    expect(run.verdicts("kinds").activations).toBe("follows the taxonomy");
  },
  10 * MINUTES,
);

it(
  "features: separate knobs have feature sets that take down their own category only, one knob has one set for both",
  async () => {
    const run = await samples.run("features.refract.yaml");
    expect(run.verdicts("cyber-fraud")).toEqual({ cyber: "own category only", fraud: "own category only" });
    expect(run.verdicts("theft-vandalism")).toEqual({ theft: "shared", vandalism: "shared" });
    expect(run.figure("cyber-fraud", "effect", ["cyber", "cyber"]).low).toBeGreaterThan(0.8);
    expect(run.figure("cyber-fraud", "effect", ["cyber", "fraud"]).high).toBeLessThan(0.2);
    expect(run.figure("theft-vandalism", "effect", ["theft", "cyber"]).high).toBeLessThan(0.2);
    for (const { figures } of run.document.experiments) {
      const random = figures.filter(({ name }) => name === "effect of random features of the same density");
      expect(random.length).toBeGreaterThan(0);
      for (const control of random) expect(Math.abs(control.estimate ?? 1)).toBeLessThan(0.1);
    }
  },
  10 * MINUTES,
);

it(
  "rewards: the two reward models of known entanglement are told apart",
  async () => {
    const run = await samples.run("rewards.refract.yaml");
    expect(run.verdicts("liked")).toEqual({ helpful: "entangled", words: "separable" });
  },
  10 * MINUTES,
);

it(
  "compare and inspect: replies and readings of the demo model, side by side",
  async () => {
    const said = await samples.run("compare.refract.yaml");
    expect(said.figure("said", "refusal rate", ["baseline", "cyber"]).estimate).toBeGreaterThan(0.8);
    expect(said.figure("said", "refusal rate", ["no-cyber", "cyber"]).estimate).toBeLessThan(0.2);
    const look = await samples.run("inspect.refract.yaml");
    const block = look.document.experiments[0]?.blocks[0];
    expect(block?.type).toBe("matrix");
  },
  10 * MINUTES,
);

it(
  "scorers: sympathy and a knight who refuses are listed as disagreements with their labels",
  async () => {
    const run = await samples.run("scorers.refract.yaml");
    expect(run.figure("trust", "accuracy", ["substrings"])).toMatchObject({ estimate: 0.5, n: 4 });
    const rows = run.document.experiments[0]?.evidence.disagreements?.rows ?? [];
    expect(rows.map(({ id, note }) => `${id}: ${note}`)).toEqual([
      "condolence: labelled complied",
      "knight: labelled complied",
    ]);
    expect(run.document.experiments[0]?.verdicts).toEqual([]);
  },
  5 * MINUTES,
);

it(
  "the example plugin adds a kind, a scorer and a picture from outside the bundle",
  async () => {
    const run = await samples.run("plugin.refract.yaml");
    expect(run.figure("lengths", "length", ["baseline"]).estimate).toBeGreaterThan(5);
    expect(run.document.experiments[0]?.blocks.map(({ type }) => type)).toEqual(["forest"]);
  },
  10 * MINUTES,
);
