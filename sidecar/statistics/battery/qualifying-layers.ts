/** Own effects of both directions of a pair at one layer (recomputed there, best position), on validation prompts. */
export interface ValidationEffects {
  layer: number;
  own: readonly [number, number];
}

/**
 * The layers at which a pair can be judged: below `below` of the depth, where both directions have at least half of their own effect.
 * @param effects on validation prompts, one entry per layer.
 * @param layers number of layers of the model.
 * @param reference each direction's own effect on validation at its own source layer; default: its largest over the layers given.
 */
export function qualifyingLayers(
  effects: readonly ValidationEffects[],
  layers: number,
  reference?: readonly [number, number],
  { below = 0.8, share = 0.5 }: { below?: number; share?: number } = {},
): number[] {
  const eligible = effects.filter(({ layer }) => layer < Math.trunc(below * layers));
  const full = reference ?? ([0, 1] as const).map((k) => Math.max(0, ...eligible.map(({ own }) => own[k])));
  return eligible
    .filter(({ own }) => own.every((effect, k) => effect > 0 && effect >= share * (full[k] ?? Infinity)))
    .map(({ layer }) => layer)
    .sort((p, q) => p - q);
}
