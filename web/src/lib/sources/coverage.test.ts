import { expect, test } from 'vitest';
import { coveredDays, coveredShare, percent } from './coverage';

const now = Date.parse('2026-11-03T12:00:00Z');
const coverage = {
  source: 'acme',
  complete: [
    { start: '2026-11-01T06:00:00Z', end: '2026-11-02T00:00:00Z' },
    { start: '2026-11-02T12:00:00Z', end: '2026-11-03T12:00:00Z' },
  ],
  gaps: [{ start: '2026-11-02T00:00:00Z', end: '2026-11-02T12:00:00Z' }],
  gap_seconds: 43_200,
  unread: null,
  windows_done: 3,
  windows_total: 4,
};

test('each day has its share, the first and the last as far as they count', () => {
  expect(coveredDays(coverage, now)).toEqual([
    { day: '2026-11-01', share: 1 },
    { day: '2026-11-02', share: 0.5 },
    { day: '2026-11-03', share: 1 },
  ]);
  expect(coveredShare(coverage, now)).toBeCloseTo(1 - 12 / 54);
});

test('nothing is known of a source without spans', () => {
  const empty = { ...coverage, complete: [], gaps: [], gap_seconds: 0 };
  expect(coveredDays(empty, now)).toEqual([]);
  expect(coveredShare(empty, now)).toBeNull();
});

test('a share never promises more than is there', () => {
  expect(percent(1)).toBe('100 %');
  expect(percent(0.9999)).toBe('99.9 %');
});
