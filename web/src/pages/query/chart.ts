import type { QueryAnswer } from '../../lib/api/schema';

export type ChartKind = 'table' | 'number' | 'bar' | 'line';

/** A value over what it is of. */
export interface Point {
  label: string;
  /** Milliseconds, where the label is a time. */
  at: number | null;
  value: number;
}

export interface Chart {
  kinds: ChartKind[];
  label: string | null;
  value: string | null;
}

const POINTS_MAX = 1_000;

/** What an answer can be drawn as, the best first. */
export function chartOf({ columns, kinds, rows }: Pick<QueryAnswer, 'columns' | 'kinds' | 'rows'>): Chart {
  const value = columns[kinds.indexOf('number')] ?? null;
  const isTime = (kind: string | undefined) => kind === 'time' || kind === 'date';
  const time = columns.find((_, place) => isTime(kinds[place]));
  const label = time ?? columns.find((name, place) => name !== value && kinds[place] !== 'number') ?? null;
  if (value === null || rows.length === 0) return { kinds: ['table'], label: null, value: null };
  if (rows.length === 1) return { kinds: ['number', 'table'], label, value };
  if (label === null) return { kinds: ['table'], label: null, value: null };
  // Few numbers beside few others are a list that is counted; many columns are a list that is read.
  const isCounted = columns.length <= 3;
  const drawn: ChartKind[] = time ? ['line', 'bar'] : ['bar'];
  return { kinds: isCounted ? [...drawn, 'table'] : ['table', ...drawn], label, value };
}

export function pointsOf(rows: readonly Record<string, unknown>[], { label, value }: Chart): Point[] {
  return rows.slice(0, POINTS_MAX).flatMap((row) => {
    const number = Number(value === null ? null : row[value]);
    if (value === null || row[value] === null || Number.isNaN(number)) return [];
    const text = label === null ? '' : String(row[label] ?? '–');
    const at = Date.parse(text);
    return [{ label: text, at: Number.isNaN(at) ? null : at, value: number }];
  });
}
