import { expect, test } from 'vitest';
import { EVENT_TYPES } from './event-types';
import { eventFilters, eventQuery, isNarrowed, rangeForAddress, withValue } from './filters';

const filters = (search: string) => eventFilters(new URLSearchParams(search));

test('without a time the last days are listed, an event by its gid whenever it was', () => {
  expect(filters('').range.last).toBe('7d');
  expect(filters('gid=1').range).toEqual({ last: null, from: null, to: null });
  expect(filters('last=all').range).toEqual({ last: null, from: null, to: null });
});

test('times come back as they went', () => {
  expect(rangeForAddress({ last: '7d', from: null, to: null }).last).toBeNull();
  expect(rangeForAddress({ last: null, from: null, to: null }).last).toBe('all');
});

test('types gather, persons replace each other', () => {
  expect(withValue(filters('event_type=a'), 'event_type', 'b')).toEqual({ event_type: ['a', 'b'] });
  expect(withValue(filters('actor=a'), 'actor', 'b')).toEqual({ actor: ['b'] });
});

test('nothing that was not said is asked', () => {
  const query = eventQuery(filters('last=all&event_category=logins&q=%20'), 0);
  expect(Object.entries(query).filter(([, value]) => value !== undefined)).toEqual([['event_category', ['logins']]]);
  expect(isNarrowed(filters('last=1h'))).toBe(false);
  expect(isNarrowed(filters('ip=1.2.3.4'))).toBe(true);
});

test('the list of types is there', () => {
  expect(EVENT_TYPES).toContain('user_login_failed');
  expect(EVENT_TYPES.every((type) => /^[a-z0-9_]+$/.test(type))).toBe(true);
});
