import { describe, expect, test } from 'vitest';
import { arrivals } from './arrivals';
import { bars, explanationOf, isEmpty } from './detail/explanation';
import { alertFilters, alertQuery, andWorse, statesForAddress, stays, undoing, withoutFilters } from './filters';

const filters = (search: string) => alertFilters(new URLSearchParams(search));

describe('filters', () => {
  test('nothing said means what is open', () => {
    expect(filters('').states).toEqual(['new', 'in_review']);
    expect(filters('state=nonsense').states).toEqual(['new', 'in_review']);
    expect(filters('state=all').states).toHaveLength(3);
  });

  test('states come back as they went', () => {
    for (const states of [['new'], ['new', 'in_review'], ['resolved'], ['new', 'in_review', 'resolved']]) {
      const search = new URLSearchParams(statesForAddress(states).map((state) => ['state', state]));
      expect(alertFilters(search).states).toEqual(states);
    }
  });

  test('all states are no filter', () => {
    expect(alertQuery(filters('state=all&text=%20x%20'), 0)).toMatchObject({ state: undefined, text: 'x' });
  });

  test('an unknown severity is none, several are several', () => {
    expect(filters('severity=terrible').severities).toEqual([]);
    expect(filters('severity=low&severity=critical').severities).toEqual(['critical', 'low']);
    expect(alertQuery(filters('policy=a&policy=b'), 0)).toMatchObject({ policy: ['a', 'b'], severity: undefined });
    expect(andWorse('high')).toEqual(['critical', 'high']);
  });

  test('are cleared, the order is kept', () => {
    expect(withoutFilters('?state=new&policy=x&event=1&order=newest&last=7d')).toBe('?order=newest');
  });
});

test('what leaves the list', () => {
  expect(stays({ state: 'resolved', assignee: null }, filters('state=new'))).toBe(false);
  expect(stays({ state: 'new', assignee: 'ada' }, filters('assignee=-'))).toBe(false);
  expect(stays({ state: 'new', assignee: 'ada' }, filters('assignee=ada'))).toBe(true);
  expect(stays({ state: 'new', assignee: null }, filters('assignee=ada&assignee=-'))).toBe(true);
});

test('undoing gathers what was alike', () => {
  const one = { id: '1', state: 'new', classification: null, reason: null, assignee: null };
  const resolved = { id: '3', state: 'resolved', classification: 'benign', reason: 'a test', assignee: 'ada' };
  expect(undoing([one, { ...one, id: '2' }, resolved])).toEqual([
    { ids: ['1', '2'], change: { state: 'new', assignee: '' } },
    { ids: ['3'], change: { state: 'resolved', classification: 'benign', reason: 'a test', assignee: 'ada' } },
  ]);
});

describe('explanations', () => {
  test('are read as far as they are there', () => {
    for (const value of [null, 3, [], {}, { comparisons: 'x', rarity: [null], not_suppressed: [1] }]) {
      expect(isEmpty(explanationOf(value))).toBe(true);
    }
    expect(
      explanationOf({ rarity: [{ attribute: 'country', value: 'IE', organisation_last_seen_days: 0.01 }] }).rarity,
    ).toEqual([{ attribute: 'country', value: 'IE', person: null, organisation: 0.01 }]);
  });

  test('bars are parts of the longer one', () => {
    expect(bars({ what: '', seen: 50, limit: 200 })).toEqual({ seen: 0.25, limit: 1 });
    expect(bars({ what: '', seen: 0, limit: 0 })).toEqual({ seen: 0, limit: 0 });
  });
});

describe('arrivals', () => {
  const ids = (text: string) => [...text].map((id) => ({ id }));

  test.each([
    ['abc', true, 'abc', 0],
    ['abc', true, 'xabcy', 2],
    ['abc', false, 'xaybz', 2],
    ['abc', false, 'xyz', 0],
    ['', true, 'xy', 2],
    ['abc', true, '', 0],
  ])('%s (whole: %s), now %s', (listed, isWhole, newest, count) => {
    expect(arrivals(ids(listed), isWhole, ids(newest))).toBe(count);
  });
});
