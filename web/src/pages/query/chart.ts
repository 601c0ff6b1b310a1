import type { QueryAnswer } from '../../lib/api/schema';
import { momentOf } from '../../lib/format/times';

export type ChartKind = 'table' | 'number' | 'bar' | 'line';

/** A value over what it is of. */
export interface Point {
  label: string;
  /** Milliseconds, where the label is a time. */
  at: number | null;
  /** Which of several lines it belongs to. */
  series: string | null;
  value: number;
}

export interface Chart {
  kinds: ChartKind[];
  label: string | null;
  /** Whether the label is a time or a day. */
  isTimed: boolean;
  /** What has a line of its own for each of its values. */
  series: string | null;
  value: string | null;
}

/** The points of one line, the earliest first. */
export interface Series {
  name: string | null;
  points: { at: number; value: number }[];
}

const POINTS_MAX = 1_000;
/** More lines than these can't be told apart. */
export const SERIES_MAX = 6;
const DAY_MILLISECONDS = 86_400_000;
const NOTHING = { label: null, isTimed: false, series: null, value: null };

/** What an answer can be drawn as, the best first. */
export function chartOf({ columns, kinds, rows }: Pick<QueryAnswer, 'columns' | 'kinds' | 'rows'>): Chart {
  const value = columns[kinds.indexOf('number')] ?? null;
  const time = columns.find((_, place) => kinds[place] === 'time' || kinds[place] === 'date');
  const others = columns.filter((name, place) => name !== time && kinds[place] !== 'number');
  const label = time ?? others[0] ?? null;
  const isTimed = time !== undefined;
  if (value === null || rows.length === 0) return { kinds: ['table'], ...NOTHING };
  if (rows.length === 1) return { kinds: ['number', 'table'], label, isTimed, series: null, value };
  if (label === null) return { kinds: ['table'], ...NOTHING };
  // Few numbers beside few others are a list that is counted; many columns are a list that is read.
  const isCounted = columns.length <= 3;
  const drawn: ChartKind[] = isTimed ? ['line', 'bar'] : ['bar'];
  const series = others.find((name) => name !== label) ?? null;
  return { kinds: isCounted ? [...drawn, 'table'] : ['table', ...drawn], label, isTimed, series, value };
}

export function pointsOf(
  rows: readonly Record<string, unknown>[],
  { label, isTimed, series, value }: Omit<Chart, 'kinds'>,
): Point[] {
  return rows.slice(0, POINTS_MAX).flatMap((row) => {
    const number = Number(value === null ? null : row[value]);
    if (value === null || row[value] === null || Number.isNaN(number)) return [];
    const text = label === null ? '' : String(row[label] ?? '–');
    // Other texts can read like times, too.
    const at = isTimed ? momentOf(text) : Number.NaN;
    const name = series === null ? null : String(row[series] ?? '–');
    return [{ label: text, at: Number.isNaN(at) ? null : at, series: name, value: number }];
  });
}

/** A line for each series: those with most, the greatest first. */
export function seriesOf(points: readonly Point[]): Series[] {
  const all = new Map<string | null, Series>();
  for (const { at, series, value } of points) {
    if (at === null) continue;
    const line = all.get(series) ?? { name: series, points: [] };
    line.points.push({ at, value });
    all.set(series, line);
  }
  const sum = ({ points }: Series) => points.reduce((total, { value }) => total + Math.abs(value), 0);
  const lines = [...all.values()].sort((a, b) => sum(b) - sum(a)).slice(0, SERIES_MAX);
  return lines.map(({ name, points }) => ({ name, points: points.toSorted((a, b) => a.at - b.at) }));
}

/** Whether all times are days of the calendar, which are the same in every zone. */
export function areDays(points: readonly { at: number | null }[]): boolean {
  return points.every(({ at }) => at === null || at % DAY_MILLISECONDS === 0);
}
