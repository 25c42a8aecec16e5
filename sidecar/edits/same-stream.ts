import { type HookPoint, hookPoint, parseHookPoint } from "../../shared/engine/hook-point.ts";

/** Whether two hook points are on the same stream with nothing between them: `resid_pre.(L+1)` follows `resid_post.L`. */
export function sameStream(a: HookPoint, b: HookPoint): boolean {
  return streamName(a) === streamName(b);
}

/** One name for both: `resid_post.L` for `resid_pre.(L+1)`. */
export function streamName(point: HookPoint): HookPoint {
  const parsed = parseHookPoint(point);
  return parsed !== null && parsed.site === "resid_pre" && parsed.layer > 0
    ? hookPoint("resid_post", parsed.layer - 1)
    : point;
}
