import { expect, test } from 'vitest';
import { filled, widthFor } from './bars';
import { boundsOf, lastDays } from './days';

test('bars are as wide as they must be', () => {
  expect(widthFor(3_600, 120)).toBe('1m');
  expect(widthFor(7 * 86_400, 120)).toBe('3h');
  expect(widthFor(90 * 86_400, 120)).toBe('1d');
  expect(widthFor(400_000 * 86_400, 120)).toBe('366d');
});

test('empty bars are filled in', () => {
  const bars = filled(
    [{ start: '2026-11-25T01:00:00Z', count: 3 }],
    '2026-11-25T00:30:00Z',
    '2026-11-25T03:00:00Z',
    3_600,
  );
  expect(bars.map(({ count }) => count)).toEqual([0, 3, 0]);
  expect(new Date(bars[0]?.start ?? 0).toISOString()).toBe('2026-11-25T00:00:00.000Z');
  expect(filled([], '2026-11-25T00:00:00Z', '2026-11-26T00:00:00Z', 0)).toEqual([]);
});

test('days', () => {
  expect(lastDays(3, Date.parse('2026-03-01T23:59:00Z'))).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
  expect(boundsOf('2026-02-28')).toEqual({ from: '2026-02-28T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' });
});
