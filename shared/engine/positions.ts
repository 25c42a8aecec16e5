/**
 * Which positions of a lane an edit touches, over the whole sequence, prompt and generated.
 * `all`: every position; `prompt`: the prompt's; `generated`: those fed back after the prompt (the first generated token is computed at the
 * prompt's last position, which `generated` does not touch); `last`: the prompt's last; a range is 0-based with an exclusive end
 * (`to: null` is open); a list holds single positions, negative ones counted from the prompt's end.
 */
export type Positions =
  | "all"
  | "prompt"
  | "generated"
  | "last"
  | { from: number; to: number | null }
  | readonly number[];
