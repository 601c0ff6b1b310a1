/**
 * How many alerts have come that are not listed: those of the newest first page that stand before one that is listed, and, where the
 * list is whole, all others. What only moved up because others left is no news.
 */
export function arrivals(
  listed: readonly { id: string }[],
  isWhole: boolean,
  newest: readonly { id: string }[],
): number {
  const known = new Set(listed.map(({ id }) => id));
  const last = newest.findLastIndex(({ id }) => known.has(id));
  return newest.filter(({ id }, place) => !known.has(id) && (isWhole || place < last)).length;
}
