/** The three named places of a layer's residual stream, in the order in which the stream passes them. */
export const SITES = ["resid_pre", "resid_mid", "resid_post"] as const;
export type Site = (typeof SITES)[number];

/** A named place in the residual stream; layers count from 0. `resid_mid` is after attention, before the MLP. */
export type HookPoint = `${Site}.${number}`;

export function hookPoint(site: Site, layer: number): HookPoint {
  return `${site}.${layer}`;
}

/** Splits a name such as `resid_post.4`; `null` where it is not the name of a hook point. */
export function parseHookPoint(name: string): { site: Site; layer: number } | null {
  const match = /^(resid_pre|resid_mid|resid_post)\.(0|[1-9]\d*)$/.exec(name);
  return match ? { site: match[1] as Site, layer: Number(match[2]) } : null;
}
