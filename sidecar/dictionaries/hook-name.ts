import { type HookPoint, hookPoint, type Site } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";

/** The places of TransformerLens that lie on the residual stream; `hook_mlp_in` is the stream that the MLP reads, before its norm. */
const SITE_OF: Record<string, Site> = {
  hook_resid_pre: "resid_pre",
  hook_resid_mid: "resid_mid",
  hook_mlp_in: "resid_mid",
  hook_resid_post: "resid_post",
};

/** The hook point of a TransformerLens name; refused, with the field, where it is not on the residual stream. */
export function hookPointOf(name: unknown, field: string): HookPoint {
  const match = typeof name === "string" ? /^blocks\.(\d+)\.(\w+)$/.exec(name) : null;
  const site = match === null ? undefined : SITE_OF[match[2] as string];
  if (match === null || site === undefined) {
    throw refused(
      `${field}: expected blocks.L.hook_resid_pre, hook_resid_mid or hook_resid_post, found ${JSON.stringify(name)}: other places are not on the residual stream`,
    );
  }
  return hookPoint(site, Number(match[1]));
}
