import { describe, expect, test } from 'vitest';
import { address, changed, toggled } from './query';
import { routeOf } from './routes';
import { wayBack } from './way-back';

describe('routes', () => {
  test.each([
    ['/', 'overview', {}],
    ['/alerts', 'alerts', {}],
    ['/alerts/abc', 'alerts', { id: 'abc' }],
    ['/sources/new', 'source-new', {}],
    ['/sources/a%2Fb%20c', 'source', { name: 'a/b c' }],
    ['/sources/%E0%A4%A', 'source', { name: '%E0%A4%A' }],
    ['/alerts/a/b', 'nowhere', {}],
  ])('%s', (path, name, parameters) => {
    expect(routeOf(path)).toEqual({ name, parameters });
  });
});

describe('state in the address', () => {
  test('changes what is named and keeps the rest', () => {
    expect(changed('?a=1&b=2', { b: ['3', '4'], c: null })).toBe('?a=1&b=3&b=4');
    expect(changed('?a=1', { a: '' })).toBe('');
  });

  test('stays readable, and whole', () => {
    const href = address('/events', { from: '2026-03-01T08:00:00Z', actor: 'ada@example.com', q: 'a+b & c' });
    expect(href).toBe('/events?from=2026-03-01T08:00:00Z&actor=ada@example.com&q=a%2Bb+%26+c');
    expect(new URLSearchParams(href.slice(7)).get('q')).toBe('a+b & c');
  });

  test('toggles', () => {
    expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
    expect(toggled(['a'], 'b')).toEqual(['a', 'b']);
  });
});

test.each([
  ['/alerts?state=new', '/alerts?state=new'],
  [null, '/'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/sign-in?to=/', '/'],
])('after signing in %s leads to %s', (to, path) => {
  expect(wayBack(to)).toBe(path);
});
