import { expect, test } from 'vitest';
import { changesBetween } from './diff';

test('what is the same is left out', () => {
  const before = { role: 'viewer', sources: null, place: { city: 'Berlin', country: 'DE' } };
  const after = { role: 'admin', sources: ['acme'], place: { city: 'Berlin', country: 'FR' } };
  expect(changesBetween(before, after)).toEqual([
    { path: 'role', before: 'viewer', after: 'admin' },
    { path: 'sources', before: 'null', after: '["acme"]' },
    { path: 'place.country', before: 'DE', after: 'FR' },
  ]);
});

test('what is new or gone has one side only', () => {
  expect(changesBetween(null, { name: 'x' })).toEqual([{ path: 'name', before: undefined, after: 'x' }]);
  expect(changesBetween({ name: 'x' }, null)).toEqual([{ path: 'name', before: 'x', after: undefined }]);
  expect(changesBetween(null, null)).toEqual([]);
});

test('bare values are compared, too', () => {
  expect(changesBetween(30, 365)).toEqual([{ path: '', before: '30', after: '365' }]);
  expect(changesBetween({ a: {} }, { a: {} })).toEqual([]);
});
