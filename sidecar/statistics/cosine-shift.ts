import { bootstrap } from "./bootstrap.ts";
import type { Interval } from "./figure.ts";
import type { Random } from "./random.ts";

/**
 * How far an edit moves the profile of cos(x, r) over layers (after Wollschlaeger et al. 2025, who call two directions representationally
 * independent when ablating either leaves the other's profile as it was): the mean over layers of each prompt's absolute change, averaged
 * over prompts, with a bootstrap over base prompts. 0: nothing moved.
 * @param before cosines without the edit, `[prompts][layers]`; `after` the same with it.
 * @throws RangeError where the two differ in shape.
 */
export function cosineShift(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
  base: readonly string[],
  random: Random,
): Interval {
  const moved = before.map((profile, i) => {
    const edited = after[i];
    if (edited?.length !== profile.length || profile.length === 0) {
      throw new RangeError(`prompt ${i} has ${profile.length} layers before and ${edited?.length ?? 0} after the edit`);
    }
    return profile.reduce((sum, value, layer) => sum + Math.abs((edited[layer] ?? 0) - value), 0) / profile.length;
  });
  const { estimate, low, high } = bootstrap(
    base,
    (rows) => rows.reduce((sum, row) => sum + (moved[row] ?? Number.NaN), 0) / rows.length,
    { random },
  );
  return { estimate, low, high };
}
