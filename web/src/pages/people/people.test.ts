import { describe, expect, test } from 'vitest';
import type { Habits } from '../../lib/api/schema';
import { showTimesInUtc } from '../../lib/format/times';
import { actorOf, entityHref, personHref, personName, riskLevel, riskShare } from '../../lib/people/people';
import { peopleFilters, peopleQuery, withoutFilters } from './filters';
import { sentence } from './person/sentence';
import { byDay, byWeekdayAndHour, shownHour, weekdayNames, zoneName } from './person/week';

const NOW = Date.parse('2026-11-20T12:00:00Z');

describe('the state of the list', () => {
  test('stands in the address, and what means nothing is left out', () => {
    const filters = peopleFilters(
      new URLSearchParams('text=ada&role=admin&kind=robot&risk=41&order=best&idle=30d&alerts=open'),
    );
    expect(filters).toMatchObject({
      text: 'ada',
      role: 'admin',
      kind: null,
      risk: null,
      order: 'risk',
      hasAlerts: true,
    });
    expect(peopleQuery(filters, NOW)).toEqual({
      text: 'ada',
      role: 'admin',
      has_alerts: true,
      order: 'risk',
      seen_to: '2026-10-21T12:00:00.000Z',
    });
    expect(peopleQuery(peopleFilters(new URLSearchParams('last=7d')), NOW)).toEqual({
      seen_from: '2026-11-13T12:00:00.000Z',
      order: 'risk',
    });
  });

  test('goes by one press, but the order stays', () => {
    expect(withoutFilters('?text=a&role=admin&order=name&last=7d&leaving=yes')).toBe('?order=name');
  });
});

describe('people', () => {
  test('are called by what is known of them', () => {
    expect(personName({ id: '7', name: null, email: null })).toBe('7');
    expect(personName({ id: '7', name: '', email: 'ada@example.com' })).toBe('ada@example.com');
    expect(personName({ id: '7', name: '\u202Egnp', email: null })).toBe('[U+202E]gnp');
  });

  test('have a page whatever their id is', () => {
    expect(personHref('a/b?c@example.com')).toBe('/people/a%2Fb%3Fc%40example.com');
    expect(entityHref({ kind: 'address', id: '192.0.2.1', name: null })).toBeNull();
    expect(entityHref({ kind: 'person', id: '7', name: null })).toBe('/people/7');
    expect(actorOf({ id: '7', email: 'ada@example.com' })).toBe('7');
    expect(actorOf({ id: 'ada@example.com', email: 'Ada@Example.com' })).toBe('Ada@Example.com');
  });

  test('are as risky as their points say', () => {
    expect([0, 4, 39, 40, 79, 80].map(riskLevel)).toEqual([
      'informational',
      'medium',
      'medium',
      'high',
      'high',
      'critical',
    ]);
    expect([riskShare(-5), riskShare(0), riskShare(40), riskShare(10_000)]).toEqual([0, 0, 0.5, 1]);
  });
});

describe('the week of a person', () => {
  test('is that of the viewer, from Monday', () => {
    const monday = new Date(2026, 10, 16, 9, 0, 0);
    const sunday = new Date(2026, 10, 22, 23, 0, 0);
    const week = byWeekdayAndHour([
      { start: monday.toISOString(), count: 3 },
      { start: sunday.toISOString(), count: 2 },
      { start: new Date(2026, 10, 9, 9, 0, 0).toISOString(), count: 1 },
    ]);
    expect(week[0]?.[9]).toBe(4);
    expect(week[6]?.[23]).toBe(2);
    expect(week.flat().reduce((sum, count) => sum + count, 0)).toBe(6);
    expect(weekdayNames('en')).toEqual(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']);
  });

  test('has days that begin at its midnight', () => {
    const hours = [0, 5, 23].map((hour) => ({ start: new Date(2026, 10, 16, hour).toISOString(), count: 1 }));
    const [from, to] = [new Date(2026, 10, 15, 12).toISOString(), new Date(2026, 10, 16, 23, 30).toISOString()];
    expect(byDay(hours, from, to)).toEqual([
      { start: new Date(2026, 10, 15).getTime(), count: 0 },
      { start: new Date(2026, 10, 16).getTime(), count: 3 },
    ]);
  });

  test('is that of UTC where times are shown in it', () => {
    showTimesInUtc(true);
    const bars = [{ start: '2026-11-16T23:00:00Z', count: 5 }];
    expect(byWeekdayAndHour(bars)[0]?.[23]).toBe(5);
    expect(byDay(bars, '2026-11-16T10:00:00Z', '2026-11-17T00:00:00Z')).toEqual([
      { start: Date.UTC(2026, 10, 16), count: 5 },
    ]);
    expect([shownHour(7, NOW), zoneName()]).toEqual(['07', 'UTC']);
    showTimesInUtc(false);
  });
});

describe('what is usual, in a sentence', () => {
  const usual = (name: string | null, events: number) => ({ name, events, days: 3, first_at: '', last_at: '' });
  const habits = (parts: Partial<Habits>): Habits => ({
    learning_since: null,
    last_active_at: null,
    signed_in_at: null,
    active_days: 9,
    is_learned: true,
    countries: [],
    networks: [],
    devices: [],
    device_kinds: [],
    apps: [],
    event_types: [],
    token_networks: [],
    hours: null,
    actions: [],
    places: [],
    ...parts,
  });

  test('names what makes out most', () => {
    const told = sentence(
      habits({
        countries: [usual('DE', 90), usual('IE', 20), usual('US', 1)],
        devices: [usual('Chrome on macOS', 50), usual(null, 40)],
        hours: { week: [], from_hour: 7, to_hour: 18 },
      }),
      NOW,
    );
    const [from, to] = [shownHour(7, NOW), shownHour(18, NOW)];
    expect(told).toBe(`Usually from Germany and Ireland, ${from}–${to}, with Chrome on macOS.`);
  });

  test('says nothing of what is not known', () => {
    expect(sentence(habits({}), NOW)).toBeNull();
    expect(sentence(habits({ hours: { week: [], from_hour: 0, to_hour: 0 } }), NOW)).toBe('Usually at all hours.');
    expect(sentence(habits({ token_networks: [usual('Example Net', 4)] }), NOW)).toBe('Usually through Example Net.');
  });
});
