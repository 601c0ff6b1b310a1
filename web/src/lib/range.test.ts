import { expect, test } from 'vitest';
import { momentsOf, presetLength, rangeOf } from './range';

const now = Date.parse('2026-11-25T12:00:00Z');

test('a preset goes by now', () => {
  expect(momentsOf(rangeOf(new URLSearchParams('last=7d')), now)).toEqual({ from: '2026-11-18T12:00:00.000Z' });
});

test('moments are taken, anything else is not', () => {
  const range = rangeOf(new URLSearchParams('from=2026-11-01T00:00:00Z&to=tomorrow&last=all'));
  expect(range).toEqual({ last: null, from: '2026-11-01T00:00:00.000Z', to: null });
  expect(momentsOf(range, now)).toEqual({ from: '2026-11-01T00:00:00.000Z', to: undefined });
});

test.each(['', '0d', '7', 'd', '7w', '-1d', '99999d'])('%j is no preset', (preset) => {
  expect(presetLength(preset)).toBeNull();
});
