import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers that a seed fixes. */
export interface Random {
  /** In [0, 1). */
  uniform(): number;
  /** An integer in [0, n). */
  below(n: number): number;
  /** Standard normal (Marsaglia's polar method). */
  normal(): number;
}

/** FNV-1a, so that streams of one seed with different labels are unrelated. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}

/** Seeds a stream; `label` names an independent stream of the same seed. */
export function seeded(seed: number, label = ""): Random {
  const generator = xoroshiro128plus(hash(`${seed}/${label}`));
  let spare: number | null = null;
  return {
    uniform: () => uniformFloat64(generator),
    below: (n) => uniformInt(generator, 0, n - 1),
    normal() {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      for (;;) {
        // 32 bits a coordinate are plenty for a normal variate and halve the draws.
        const u = generator.next() / 0x80000000;
        const v = generator.next() / 0x80000000;
        const s = u * u + v * v;
        if (s >= 1 || s === 0) continue;
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        spare = v * factor;
        return u * factor;
      }
    },
  };
}

/** Shuffles in place (Fisher and Yates) and returns its argument. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = items[i] as T;
    items[i] = items[j] as T;
    items[j] = held;
  }
  return items;
}
