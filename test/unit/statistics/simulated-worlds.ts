import type { PairVerdictWord } from "../../../sidecar/statistics/battery/result.ts";
import { AXIS, type SimulatedModel } from "./simulated-model.ts";

/** A simulated model, and the verdict that is true of it. */
export interface World {
  name: string;
  truth: PairVerdictWord;
  model: SimulatedModel;
}

const { knobA, knobB } = AXIS;
/** Prompts differ in what it takes to refuse them. */
const own = (luck: number): number => 0.25 * (luck - 0.5);
const at = (x: Float64Array, axis: number): number => x[axis] as number;

/** Refuses when the knob of either category is on. */
const eitherKnob =
  (threshold = 0.5): SimulatedModel["refuses"] =>
  (x, _category, luck) =>
    Math.max(at(x, knobA), at(x, knobB)) > threshold + own(luck);
/** Refuses when the one knob is on. */
const oneKnob =
  (threshold = 0.5): SimulatedModel["refuses"] =>
  (x, _category, luck) =>
    at(x, knobA) > threshold + own(luck);

/** Noisy activations and few training prompts for the first category, many clean ones for the second. */
const UNEQUAL = { noise: [0.36, 0.15], train: [24, 128] } as const;

export const WORLDS: readonly World[] = [
  {
    name: "independent knobs",
    truth: "detached",
    model: { content: [{ knobA: 1 }, { knobB: 1 }], refuses: eitherKnob() },
  },
  {
    name: "independent knobs of unequal strength",
    truth: "detached",
    model: { content: [{ knobA: 2 }, { knobB: 0.8 }], refuses: eitherKnob(0.3) },
  },
  {
    name: "independent knobs, a fifth of the prompts refused for other reasons",
    truth: "detached",
    model: { content: [{ knobA: 1 }, { knobB: 1 }], refuses: eitherKnob(), stubborn: 0.2 },
  },
  {
    name: "independent knobs under a shared inert shape",
    truth: "distinct causes under one shape",
    model: {
      content: [
        { knobA: 1, inert: 1.6 },
        { knobB: 1, inert: 1.6 },
      ],
      refuses: eitherKnob(),
    },
  },
  {
    name: "two parts summed into one decision",
    truth: "one cause under distinct shapes",
    model: {
      content: [{ knobA: 1 }, { knobB: 1 }],
      refuses: (x, _category, luck) => at(x, knobA) + at(x, knobB) > 0.5 + own(luck),
    },
  },
  {
    name: "one linear knob",
    truth: "sintered",
    model: {
      content: [{ knobA: 1 }, { knobA: 1 }],
      refuses: (x, _category, luck) => luck < 0.05 + 0.9 * at(x, knobA),
    },
  },
  {
    name: "one saturating knob, categories of different sensitivity",
    truth: "sintered",
    model: {
      content: [
        { knobA: 1, privateA: 0.6 },
        { knobA: 1, privateB: 0.6 },
      ],
      refuses: (x, category, luck) => at(x, knobA) > (category === 0 ? 0.2 : 0.6) + own(luck),
    },
  },
  {
    name: "common cause with private content",
    truth: "one cause under distinct shapes",
    model: {
      content: [
        { knobA: 1, privateA: 1.5 },
        { knobA: 1, privateB: 1.5 },
      ],
      refuses: oneKnob(),
    },
  },
  {
    name: "common cause with private content of unequal size",
    truth: "one cause under distinct shapes",
    model: {
      content: [
        { knobA: 1, privateA: 0.5 },
        { knobA: 1, privateB: 3 },
      ],
      refuses: (x, _category, luck) => at(x, knobA) > 0.15 + 0.4 * own(luck),
    },
  },
  {
    name: "common cause of unequal strength with private content",
    truth: "one cause under distinct shapes",
    model: {
      content: [
        { knobA: 1.5, privateA: 1 },
        { knobA: 0.8, privateB: 2 },
      ],
      refuses: oneKnob(0.3),
    },
  },
  {
    name: "noise only, refused almost always",
    truth: "undecided",
    model: { content: [{}, {}], refuses: (_x, _category, luck) => luck < 0.9 },
  },
  {
    name: "noise only, refusals that any edit tosses anew",
    truth: "undecided",
    model: { content: [{}, {}], refuses: (x, _category, luck) => (luck * 1000 + at(x, AXIS.topicC) * 7919) % 1 < 0.5 },
  },
  {
    name: "one knob, unequal reliabilities",
    truth: "sintered",
    model: { content: [{ knobA: 1 }, { knobA: 1 }], refuses: eitherKnob(), ...UNEQUAL },
  },
  {
    name: "independent knobs, unequal reliabilities",
    truth: "detached",
    model: { content: [{ knobA: 1 }, { knobB: 1 }], refuses: eitherKnob(), ...UNEQUAL },
  },
  {
    name: "common cause with private content, unequal reliabilities",
    truth: "one cause under distinct shapes",
    model: {
      content: [
        { knobA: 1, privateA: 1.5 },
        { knobA: 1, privateB: 1.5 },
      ],
      refuses: eitherKnob(),
      ...UNEQUAL,
    },
  },
];
