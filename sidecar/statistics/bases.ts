/**
 * Groups rows by base prompt: all variants of one base are resampled together.
 * @param base base id of each row, length n.
 * @returns row indices of each base, in order of first appearance.
 */
export function rowsByBase(base: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [row, id] of base.entries()) {
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}
