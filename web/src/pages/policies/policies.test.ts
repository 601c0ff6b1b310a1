import { describe, expect, test } from 'vitest';
import type { PolicySummary } from '../../lib/api/schema';
import { scopeInWords, settingsChanged } from './detail/changes';
import { facetCounts, noise, policyFilters, shown, tacticsOf } from './filters';
import { joined } from './counted';

const DAYS = ['2026-11-24', '2026-11-25'];

function policy(name: string, of: Partial<PolicySummary> = {}): PolicySummary {
  return {
    name,
    title: name,
    mode: 'alert',
    severity: 'medium',
    kind: 'activity',
    tags: [],
    file: '',
    origin: 'shipped',
    paused: null,
    daily_cap: null,
    is_changed: false,
    ...of,
  };
}

function day(name: string, on: string, matches: number, capped = 0) {
  return { policy: name, day: on, matches, alerts: matches, suppressed: 0, capped, not_evaluable: 0 };
}

const LIST = joined(
  {
    policies: [
      policy('b', { tags: ['attack.persistence', 'attack.t1556'], severity: 'high' }),
      policy('a', { kind: 'anomaly', mode: 'record' }),
      policy('c', { mode: 'off', tags: ['attack.command-and-control'] }),
    ],
    broken: [],
  },
  {
    counts: [
      day('a', '2026-11-25', 3),
      day('a', '2026-11-24', 2),
      day('b', '2026-11-25', 1, 4),
      day('gone', '2026-11-25', 9),
    ],
    verdicts: [{ policy: 'a', open: 1, true_positive: 1, benign: 2, false_positive: 1 }],
  },
  DAYS,
);

const filters = (search: string) => policyFilters(new URLSearchParams(search));
const names = (search: string) => shown(LIST, filters(search)).map((listed) => listed.policy.name);

describe('the list', () => {
  test('has what each policy came to', () => {
    const [b, a] = LIST;
    expect(a).toMatchObject({ days: [2, 3], matches: 5, resolved: 4, quiet: 3 });
    expect(b).toMatchObject({ days: [0, 1], capped: 4, resolved: 0 });
    expect(LIST.map(noise)).toEqual([null, 0.75, null]);
  });

  test('is narrowed and ordered', () => {
    expect(names('')).toEqual(['a', 'b', 'c']);
    expect(names('kind=anomaly&kind=activity&mode=alert')).toEqual(['b']);
    expect(names('tactic=persistence')).toEqual(['b']);
    expect(names('text=T1556')).toEqual(['b']);
    expect(names('state=noisy')).toEqual(['a']);
    expect(names('state=capped')).toEqual(['b']);
    // What is off is not expected to match.
    expect(names('state=silent')).toEqual([]);
    expect(names('order=matches')).toEqual(['a', 'b', 'c']);
    expect(names('order=severity')).toEqual(['b', 'a', 'c']);
    expect(names('order=nonsense&kind=nothing')).toEqual([]);
  });

  test('counts what each choice would show', () => {
    const counts = facetCounts(LIST, filters('mode=alert'), 'kind');
    expect(counts).toEqual([
      { value: 'activity', count: 1 },
      { value: 'anomaly', count: 0 },
    ]);
    // A choice within a facet adds: its own values are counted as if nothing were chosen of it.
    expect(facetCounts(LIST, filters('mode=alert'), 'mode').map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('knows tactics from techniques', () => {
    expect(
      tacticsOf(policy('x', { tags: ['attack.command-and-control', 'attack.t1071.001', 'attack.g0016', 'cve.1'] })),
    ).toEqual(['command-and-control']);
  });
});

describe('the history', () => {
  test('says what was set otherwise', () => {
    const before = { mode: null, severity: 'low', paused: null, scope: null };
    const after = {
      mode: 'off',
      severity: 'low',
      paused: 'it matched too often',
      scope: { exclude: { roles: ['admin'] } },
    };
    expect(settingsChanged(before, after)).toEqual([
      { what: 'Mode', before: 'As the file says', after: 'Off' },
      { what: 'paused', before: 'off', after: 'it matched too often' },
      { what: 'About whom', before: 'As the file says', after: 'Never: admin' },
    ]);
    expect(settingsChanged(null, null)).toEqual([]);
  });

  test('tells of nobody in particular', () => {
    expect(scopeInWords({ include: { people: [] }, exclude: {} })).toBe('Everybody');
  });
});
