import { expect, test } from 'vitest';
import { chartOf, pointsOf } from './chart';
import { placeOf } from './place';
import { sorted } from './sorting';

const marked = (sql: string, message: string) => {
  const place = placeOf(sql, message);
  return place && sql.slice(place.from, place.to);
};

test('an error is shown where it is', () => {
  const sql = 'select gid,\n from events whree x';
  expect(marked(sql, 'Expected: end of statement, found: x at Line: 2, Column: 20')).toBe('x');
  expect(marked('select acter_gid from events', 'No field named acter_gid. Valid fields are events.gid')).toBe(
    'acter_gid',
  );
  expect(marked('select e.nme from events e', 'No field named e.nme.')).toBe('e.nme');
  expect(marked('select * from event', "table 'event' not found")).toBe('event');
  expect(marked('select 1', 'Line: 900, Column: 1')).toBe('');
  expect(placeOf('select 1', 'the query took too long')).toBeNull();
});

test('the chart fits the answer', () => {
  const chart = (kinds: string[], rows: number) =>
    chartOf({ columns: kinds.map((_, place) => `c${place}`), kinds, rows: Array.from({ length: rows }, () => ({})) });
  expect(chart(['date', 'number'], 5)).toEqual({ kinds: ['line', 'bar', 'table'], label: 'c0', value: 'c1' });
  expect(chart(['text', 'number'], 5).kinds[0]).toBe('bar');
  expect(chart(['number'], 1).kinds[0]).toBe('number');
  expect(chart(['text', 'text'], 5).kinds).toEqual(['table']);
  expect(chart(['time', 'text', 'text', 'number'], 5).kinds[0]).toBe('table');
  expect(chart(['text', 'number'], 0).kinds).toEqual(['table']);
});

test('points are what has a number', () => {
  const chart = { kinds: [], label: 'day', value: 'n' };
  const rows = [
    { day: '2026-03-01', n: 2 },
    { day: null, n: 1 },
    { day: 'x', n: null },
  ];
  expect(pointsOf(rows, chart)).toEqual([
    { label: '2026-03-01', at: Date.UTC(2026, 2, 1), value: 2 },
    { label: '–', at: null, value: 1 },
  ]);
});

test('rows are sorted by a column, those without a value last', () => {
  const rows = [{ n: 10 }, { n: null }, { n: 9 }];
  const order = (isDescending: boolean) => sorted(rows, { column: 'n', isDescending }).map(({ n }) => n);
  expect(order(false)).toEqual([9, 10, null]);
  expect(order(true)).toEqual([10, 9, null]);
  expect(sorted(rows, null)).toBe(rows);
});
