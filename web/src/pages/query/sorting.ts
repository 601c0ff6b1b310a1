export interface Sorting {
  column: string;
  isDescending: boolean;
}

/** The rows in the order of one column; what has no value comes last, whatever the direction. */
export function sorted<Row extends Record<string, unknown>>(
  rows: readonly Row[],
  sorting: Sorting | null,
): readonly Row[] {
  if (!sorting) return rows;
  const { column, isDescending } = sorting;
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [one[column] ?? null, other[column] ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
  });
}
