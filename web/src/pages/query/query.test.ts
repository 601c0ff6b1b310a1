import { expect, test } from 'vitest';
import { areDays, chartOf, pointsOf, seriesOf } from './chart';
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
  expect(chart(['date', 'number'], 5)).toEqual({
    kinds: ['line', 'bar', 'table'],
    label: 'c0',
    isTimed: true,
    series: null,
    value: 'c1',
  });
  expect(chart(['date', 'text', 'number'], 5).series).toBe('c1');
  expect(chart(['text', 'text', 'number'], 5)).toMatchObject({ label: 'c0', isTimed: false, series: 'c1' });
  expect(chart(['text', 'number'], 5).kinds[0]).toBe('bar');
  expect(chart(['number'], 1).kinds[0]).toBe('number');
  expect(chart(['text', 'text'], 5).kinds).toEqual(['table']);
  expect(chart(['time', 'text', 'text', 'number'], 5).kinds[0]).toBe('table');
  expect(chart(['text', 'number'], 0).kinds).toEqual(['table']);
});

const daily = { label: 'day', isTimed: true, series: null, value: 'n' };

test('points are what has a number', () => {
  const rows = [
    { day: '2026-03-01', n: 2 },
    { day: null, n: 1 },
    { day: 'x', n: null },
  ];
  expect(pointsOf(rows, daily)).toEqual([
    { label: '2026-03-01', at: Date.UTC(2026, 2, 1), series: null, value: 2 },
    { label: '–', at: null, series: null, value: 1 },
  ]);
});

test('only a time is a time, and one without a zone is in UTC', () => {
  const at = (label: string, isTimed: boolean) => pointsOf([{ day: label, n: 1 }], { ...daily, isTimed })[0]?.at;
  expect(at('Report 7', false)).toBeNull();
  expect(at('2026-03-01T08:00:00', true)).toBe(Date.UTC(2026, 2, 1, 8));
  expect(at('2026-03-01T08:00:00.5+02:00', true)).toBe(Date.UTC(2026, 2, 1, 6, 0, 0, 500));
});

test('each series has a line of its own, the greatest first', () => {
  const rows = ['2026-03-02', '2026-03-01'].flatMap((day) => [
    { day, kind: 'a', n: 1 },
    { day, kind: 'b', n: 5 },
  ]);
  const points = pointsOf(rows, { ...daily, series: 'kind' });
  expect(seriesOf(points).map(({ name, points }) => [name, points.map(({ at }) => new Date(at).getUTCDate())])).toEqual(
    [
      ['b', [1, 2]],
      ['a', [1, 2]],
    ],
  );
  expect(areDays(points)).toBe(true);
  expect(areDays([{ at: Date.UTC(2026, 2, 1, 8) }])).toBe(false);
});

test('rows are sorted by a column, those without a value last', () => {
  const rows = [{ n: 10 }, { n: null }, { n: 9 }];
  const order = (isDescending: boolean) => sorted(rows, { column: 'n', isDescending }).map(({ n }) => n);
  expect(order(false)).toEqual([9, 10, null]);
  expect(order(true)).toEqual([10, 9, null]);
  expect(sorted(rows, null)).toBe(rows);
});
