import type { Activations, DirectionSamples } from "../../statistics/activations.ts";
import { aucInterval } from "../../statistics/auc.ts";
import type { Interval } from "../../statistics/figure.ts";
import { erase, fitLeace } from "../../statistics/leace.ts";
import { probe } from "../../statistics/probe.ts";
import { seeded } from "../../statistics/random.ts";

/** How well one component is told from its harmless prompts before and after the other is erased: held-out AUC of a linear probe. */
export interface Erasure {
  erased: string;
  probed: string;
  before: Interval;
  after: Interval;
  n: number;
}

function labelled({ positive, negative }: DirectionSamples): { activations: Activations; labels: boolean[] } {
  const data = new Float64Array(positive.data.length + negative.data.length);
  data.set(positive.data);
  data.set(negative.data, positive.data.length);
  return {
    activations: { data, d: positive.d, base: [...positive.base, ...negative.base] },
    labels: [...positive.base.map(() => true), ...negative.base.map(() => false)],
  };
}

/** Concept erasure (Belrose et al. 2023): LEACE-erases A and probes B again, on training activations with folds that keep bases whole. */
export function eraseAndProbe(
  erased: { name: string; samples: DirectionSamples },
  probed: { name: string; samples: DirectionSamples },
  seed: number,
): Erasure {
  const concept = labelled(erased.samples);
  const { activations, labels } = labelled(probed.samples);
  const eraser = fitLeace(concept.activations, concept.labels);
  const auc = (of: Activations): Interval => {
    const { logOdds } = probe(of, labels, { random: seeded(seed, `erase/${erased.name}/${probed.name}`) });
    const { estimate, low, high } = aucInterval(logOdds, labels);
    return { estimate, low, high };
  };
  return {
    erased: erased.name,
    probed: probed.name,
    before: auc(activations),
    after: auc(erase(eraser, activations)),
    n: labels.length,
  };
}
