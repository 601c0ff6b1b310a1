import { expect, test } from 'vitest';
import { actorName, flattened, listed, resourceName, text } from './asana';

test('what is missing or odd breaks nothing', () => {
  for (const event of [
    {},
    { actor: null },
    { actor: 'x', resource: [], context: 3 },
    { actor: { name: null, gid: {} } },
  ]) {
    expect(actorName(event)).toBe('unknown');
    expect(resourceName(event)).toBeNull();
  }
  const { gid, type, time } = listed({
    source: 's',
    batch: 1,
    collected_at: '2026-11-25T00:00:00Z',
    event: {},
    address: null,
    device: null,
  });
  expect([gid, type, time]).toEqual(['', '', '2026-11-25T00:00:00Z']);
});

test('the best name that there is', () => {
  expect(actorName({ actor: { actor_type: 'user', email: 'ada@example.com', gid: '1' } })).toBe('ada@example.com');
  expect(actorName({ actor: { actor_type: 'asana_support' } })).toBe('Asana’s support');
  expect(actorName({ actor: { actor_type: 'something_new' } })).toBe('Something new');
});

test('marks that turn the direction are written out', () => {
  expect(resourceName({ resource: { name: 'report\u202Egnp.exe' } })).toBe('report[U+202E]gnp.exe');
});

test('names are texts, whatever they hold', () => {
  expect(text({ actor: { name: '<img src=x onerror=alert(1)>' } }, 'actor', 'name')).toBe(
    '<img src=x onerror=alert(1)>',
  );
});

test('objects become lines', () => {
  expect(flattened({ a: { b: 1, c: null }, d: ['x', 'y'], e: [{ f: 1 }] })).toEqual([
    ['a.b', '1'],
    ['a.c', '–'],
    ['d', 'x, y'],
    ['e', '[{"f":1}]'],
  ]);
});
