/** A bar over a span of time. */
export interface TimeBar {
  start: number;
  count: number;
}

const WIDTHS: readonly [string, number][] = [
  ['1m', 60],
  ['5m', 300],
  ['15m', 900],
  ['30m', 1_800],
  ['1h', 3_600],
  ['3h', 10_800],
  ['6h', 21_600],
  ['12h', 43_200],
  ['1d', 86_400],
  ['7d', 604_800],
  ['30d', 2_592_000],
];

/** The width of bars, as the API takes it, of which at most `most` fill a span. */
export function widthFor(seconds: number, most: number): string {
  const found = WIDTHS.find(([, width]) => seconds / width <= most);
  return found?.[0] ?? '366d';
}

/** All bars from `from` to `to`, also those that the API leaves out since they are empty. */
export function filled(
  bars: readonly { start: string; count: number }[],
  from: string,
  to: string,
  widthSeconds: number,
): TimeBar[] {
  const width = widthSeconds * 1000;
  if (width <= 0) return [];
  const counts = new Map(bars.map(({ start, count }) => [Date.parse(start), count]));
  const first = Math.floor(Date.parse(from) / width) * width;
  const last = Date.parse(to);
  const all: TimeBar[] = [];
  for (let start = first; start < last; start += width) all.push({ start, count: counts.get(start) ?? 0 });
  return all;
}
