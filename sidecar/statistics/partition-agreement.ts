type Labels = readonly (string | number)[];

interface Contingency {
  n: number;
  rows: number[];
  columns: number[];
  cells: { row: number; column: number; count: number }[];
}

function contingency(first: Labels, second: Labels): Contingency {
  if (first.length !== second.length)
    throw new RangeError(`Two partitions need one length, found ${first.length} and ${second.length}.`);
  const rowOf = new Map([...new Set(first)].map((label, i) => [label, i]));
  const columnOf = new Map([...new Set(second)].map((label, i) => [label, i]));
  const rows = new Array<number>(rowOf.size).fill(0);
  const columns = new Array<number>(columnOf.size).fill(0);
  const counts = new Map<number, number>();
  for (const [i, label] of first.entries()) {
    const row = rowOf.get(label) as number;
    const column = columnOf.get(second[i] as string | number) as number;
    rows[row] = (rows[row] as number) + 1;
    columns[column] = (columns[column] as number) + 1;
    const at = row * columnOf.size + column;
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  const cells = [...counts].map(([at, count]) => ({
    row: Math.floor(at / columnOf.size),
    column: at % columnOf.size,
    count,
  }));
  return { n: first.length, rows, columns, cells };
}

/** Adjusted Rand index (Hubert & Arabie 1985): 1 for the same partition, 0 in expectation for unrelated ones. */
export function adjustedRand(first: Labels, second: Labels): number {
  const { n, rows, columns, cells } = contingency(first, second);
  const pairs = (count: number): number => (count * (count - 1)) / 2;
  const together = cells.reduce((sum, { count }) => sum + pairs(count), 0);
  const inRows = rows.reduce((sum, count) => sum + pairs(count), 0);
  const inColumns = columns.reduce((sum, count) => sum + pairs(count), 0);
  const expected = n > 1 ? (inRows * inColumns) / pairs(n) : 0;
  const largest = (inRows + inColumns) / 2;
  // Both partitions trivial in the same way: they agree.
  return largest === expected ? 1 : (together - expected) / (largest - expected);
}

/** Normalised mutual information, by the arithmetic mean of the entropies (scikit-learn's default): 0 unrelated, 1 the same partition. */
export function normalisedMutualInformation(first: Labels, second: Labels): number {
  const { n, rows, columns, cells } = contingency(first, second);
  const bits = (counts: readonly number[]): number =>
    counts.reduce((sum, count) => sum - (count / n) * Math.log(count / n), 0);
  const mean = (bits(rows) + bits(columns)) / 2;
  if (mean === 0) return 1;
  const mutual = cells.reduce(
    (sum, { row, column, count }) =>
      sum + (count / n) * Math.log((n * count) / ((rows[row] as number) * (columns[column] as number))),
    0,
  );
  return Math.max(0, mutual) / mean;
}
