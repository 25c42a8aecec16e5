/** How long something still takes, as a user reads it; empty where it is not known. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null) return "";
  return seconds < 90 ? `${Math.round(seconds)} s left` : `${Math.round(seconds / 60)} min left`;
}
