import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../lib/api/schema';
import { eventFilters } from '../../events/filters';
import {
  asCopy,
  blank,
  nameFor,
  readBasics,
  readDetector,
  readScope,
  writeBasic,
  writeParameter,
  writeScope,
} from './basics';
import { isReadable, readDocuments } from './documents';
import { isObstacle, readFilter, writeFilter } from './filter';
import { daysOf, filterOf } from './from-search';
import { linesBetween } from './line-difference';
import type { Filter } from './model';
import { exampleOf, withTest } from './tests';

const TEXT = `# Who watches
title: Exports
logsource: {product: asana, service: audit}
detection:
  selection: # of what
    event_type: [a, b]
    ip.country|neq: DE
  office: {ip.category: corporate}
  condition: selection and not office
level: high
drishti:
  name: own.exports
  runbook: |
    Ask.
`;

const read = (text: string): Filter => {
  const filter = readFilter(text);
  if (isObstacle(filter)) throw new Error(JSON.stringify(filter));
  return filter;
};

describe('from the text to the builder', () => {
  test('conditions, exceptions and counting', () => {
    const filter = read(TEXT);
    expect(filter.include).toEqual([
      {
        name: 'selection',
        conditions: [
          { field: 'event_type', operator: 'is', values: ['a', 'b'] },
          { field: 'ip.country', operator: 'is_not', values: ['DE'] },
        ],
      },
    ]);
    expect(filter.exclude.map(({ name }) => name)).toEqual(['office']);
  });

  test.each([
    ['title: [', 'unreadable'],
    ['title: x\ndrishti: {detector: mass_deletion}', 'detector'],
    [TEXT.replace('selection and not office', 'not office'), 'condition'],
    [TEXT.replace('selection and not office', 'selection or office'), 'condition'],
    [TEXT.replace('selection and not office', 'selection'), 'condition'],
    [TEXT.replace('{ip.category: corporate}', '[{ip.category: corporate}]'), 'selection'],
    [TEXT.replace('ip.country|neq', 'ip.country|base64'), 'field'],
    [`${TEXT}---\ntitle: y\nfilter: {rules: [x], selection: {a: b}, condition: not selection}`, 'documents'],
  ])('says why it can’t: %#', (text, kind) => {
    expect(readFilter(text)).toMatchObject({ kind });
  });

  test('every shipped policy is shown or said why not', () => {
    const folder = new URL('../../../../../policies/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yml'));
    expect(files.length).toBeGreaterThan(100);
    let shown = 0;
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      expect(readBasics(text)?.title, file).toBeTruthy();
      const filter = readFilter(text);
      if (isObstacle(filter)) {
        expect(filter.kind, file).not.toBe('unreadable');
        continue;
      }
      shown += 1;
      // What is read and written again is the same filter, and the rest is untouched.
      const again = writeFilter(text, filter);
      expect(readFilter(again), file).toEqual(filter);
      expect(readBasics(again), file).toEqual(readBasics(text));
    }
    expect(shown).toBeGreaterThan(files.length / 3);
    // More than a hundred texts are read three times each.
  }, 60_000);
});

describe('from the builder to the text', () => {
  test('keeps comments and everything else', () => {
    const filter = read(TEXT);
    const text = writeFilter(TEXT, { ...filter, exclude: [], words: ['secret'] });
    expect(text).toContain('# Who watches');
    expect(text).toContain('runbook: |\n    Ask.');
    expect(text).toContain('condition: selection and words');
    expect(read(text).words).toEqual(['secret']);
  });

  test('counting moves what the policy says to the correlation, and back', () => {
    const counting = { distinct: 'resource.gid', by: ['actor.gid'], least: 50, within: '1h' };
    const text = writeFilter(TEXT, { ...read(TEXT), counting });
    const documents = readDocuments(text);
    if (!isReadable(documents)) throw new Error(text);
    expect(documents.all.length).toBe(2);
    expect(documents.main.toJSON()).toMatchObject({
      title: 'Exports',
      level: 'high',
      correlation: {
        type: 'value_count',
        rules: ['own_exports_once'],
        'group-by': ['actor.gid'],
        timespan: '1h',
        condition: { field: 'resource.gid', gte: 50 },
      },
      drishti: { name: 'own.exports' },
    });
    expect(read(text).counting).toEqual(counting);
    const back = writeFilter(text, { ...read(text), counting: null });
    expect(read(back)).toEqual(read(TEXT));
    expect(readBasics(back)).toEqual(readBasics(TEXT));
  });

  test('hostile values stay values', () => {
    const nasty = ['<img src=x onerror=alert(1)>', 'a: [b', '# no comment', '', '\u202Egnp', "it's", '*', 'no', '7'];
    const filter = read(TEXT);
    const [group] = filter.include;
    if (!group) throw new Error('no group');
    const include = [{ ...group, conditions: [{ field: 'resource.name', operator: 'is' as const, values: nasty }] }];
    expect(read(writeFilter(TEXT, { ...filter, include })).include).toEqual(include);
  });

  test('several groups, of which any is enough', () => {
    const is = (value: string) => [{ field: 'event_type', operator: 'is' as const, values: [value] }];
    const filter: Filter = {
      include: [
        { name: 'selection', conditions: is('a') },
        { name: 'selection_2', conditions: is('b') },
      ],
      exclude: [],
      words: [],
      counting: null,
    };
    const text = writeFilter(TEXT, filter);
    expect(text).toContain('condition: (selection or selection_2)');
    expect(read(text)).toEqual(filter);
  });
});

describe('the rest of a policy', () => {
  test('is said otherwise', () => {
    expect(readBasics(writeBasic(TEXT, 'mode', 'record'))?.mode).toBe('record');
    expect(writeBasic(TEXT, 'runbook', '')).not.toContain('runbook');
    expect(readBasics(writeBasic(TEXT, 'title', 'a: "b"'))?.title).toBe('a: "b"');
    const scope = readScope(TEXT);
    const admins = { ...scope, exclude: { ...scope.exclude, roles: ['admin'] } };
    expect(readScope(writeScope(TEXT, admins))).toEqual(admins);
    expect(writeScope(writeScope(TEXT, admins), scope)).not.toContain('scope');
  });

  test('of an anomaly has parameters', () => {
    const text = 'title: x\ndrishti: {name: own.x, detector: mass_deletion}\n';
    expect(readDetector(writeParameter(text, 'minimum', 7))).toEqual({
      name: 'mass_deletion',
      parameters: { minimum: 7 },
    });
    expect(readDetector(TEXT)).toBeNull();
  });

  test('a copy has a name and an id of its own', () => {
    const copy = asCopy(`id: ${'0'.repeat(8)}\n${TEXT}`, 'own.copy', 'Copy');
    expect(readBasics(copy)).toMatchObject({ name: 'own.copy', title: 'Copy' });
    expect(copy).not.toContain('id: 00000000\n');
  });

  test('names come from titles', () => {
    expect(nameFor('Exports, at night!')).toBe('own.exports_at_night');
    expect(nameFor('Überfälle')).toBe('own.u_berfa_lle');
    expect(nameFor('🎉')).toBe('own.policy');
    expect(readBasics(blank('a "b" #c'))?.title).toBe('a "b" #c');
  });
});

describe('a search becomes a policy', () => {
  test('with what the page asks for', () => {
    const query = new URLSearchParams(
      'event_type=a&event_type=b&actor=ada@example.com&ip=192.0.2.7&q=+secret+&last=24h',
    );
    const filters = eventFilters(query);
    const { filter, leftOut } = filterOf(filters);
    expect(leftOut).toEqual([]);
    expect(filter.words).toEqual(['secret']);
    expect(filter.include[0]?.conditions.map(({ field, values }) => [field, values])).toEqual([
      ['event_type', ['a', 'b']],
      ['actor.email', ['ada@example.com']],
      ['context.client_ip_address', ['192.0.2.7']],
    ]);
    expect(daysOf(filters, 0)).toBe(1);
    expect(read(writeFilter(blank('x'), filter))).toEqual(filter);
  });

  test('asks for nothing where the page does', () => {
    const text = writeFilter(blank('x'), filterOf(eventFilters(new URLSearchParams())).filter);
    expect(read(text).include).toEqual([{ name: 'selection', conditions: [] }]);
  });

  const found = (search: string) => filterOf(eventFilters(new URLSearchParams(search)));

  test('facets are asked for, and left out, also where there is no value', () => {
    const { filter, leftOut } = found(
      'is=ip_country:DE&is=ip_country:FR&is=device_os:&not=ip_tags:vpn&not=actor_type:asana&not=actor_type:&is=hour:3&not=weekday:0',
    );
    expect(filter.include[0]?.conditions).toEqual([
      { field: 'ip.country', operator: 'is', values: ['DE', 'FR'] },
      { field: 'device.os', operator: 'unknown', values: [] },
      { field: 'hour', operator: 'is', values: [3] },
    ]);
    expect(filter.exclude).toEqual([
      { name: 'except', conditions: [{ field: 'ip.tags', operator: 'is', values: ['vpn'] }] },
      { name: 'except_2', conditions: [{ field: 'actor.actor_type', operator: 'is', values: ['asana'] }] },
      { name: 'except_3', conditions: [{ field: 'actor.actor_type', operator: 'unknown', values: [] }] },
      { name: 'except_4', conditions: [{ field: 'weekday', operator: 'is', values: ['sunday'] }] },
    ]);
    expect(leftOut).toEqual([]);
    expect(read(writeFilter(blank('x'), filter))).toEqual(filter);
  });

  test('what a policy can’t say is told', () => {
    const { filter, leftOut } = found(
      'source=main&is=ip_tags:&not=source:other&is=ip_country:DE&is=ip_country:&event_type=a&is=event_type:b&is=odd:x',
    );
    expect(leftOut.map(({ choice, field, value }) => `${choice} ${field}:${value}`)).toEqual([
      'is source:main',
      'is ip_tags:',
      'is ip_country:DE',
      'is ip_country:',
      'is event_type:b',
      'is odd:x',
      'not source:other',
    ]);
    expect(filter.include[0]?.conditions).toEqual([{ field: 'event_type', operator: 'is', values: ['a'] }]);
    expect(filter.exclude).toEqual([]);
  });

  test('a star is a star', () => {
    const [condition] =
      found(`is=${encodeURIComponent('ip_organization:A*\\\\?')}`).filter.include[0]?.conditions ?? [];
    expect(condition?.values).toEqual(['A\\*\\\\\\\\\\?']);
  });
});

test('lines that differ are told with some around them', () => {
  const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].join('\n');
  const told = (after: string) =>
    linesBetween(before, after).lines.map(({ before, after, text }) => `${before ?? ''}/${after ?? ''} ${text}`);
  expect(told(before)).toEqual([]);
  expect(told(before.replace('f', 'x\ny'))).toEqual([
    '3/3 c',
    '4/4 d',
    '5/5 e',
    '6/ f',
    '/6 x',
    '/7 y',
    '7/8 g',
    '8/9 h',
    '9/10 i',
  ]);
  expect(told(before.replace('b\nc\n', '').replace('h', 'b\nh')).filter((line) => /^\/|\/ /.test(line))).toEqual([
    '2/ b',
    '3/ c',
    '/6 b',
  ]);
});

test('an event becomes an example', () => {
  const example = exampleOf({
    source: 's',
    batch: 1,
    collected_at: '2026-11-25T00:00:00Z',
    event: {
      gid: '1',
      created_at: '2026-11-25T00:00:00Z',
      event_type: 'a',
      actor: { gid: '7' },
      details: null,
    } as unknown as Event['event'],
    address: {
      country: 'DE',
      region: null,
      city: null,
      latitude: null,
      longitude: null,
      asn: null,
      organization: null,
      category: null,
      tags: [],
    },
    device: null,
  });
  expect(example).toEqual({ event_type: 'a', actor: { gid: '7' }, ip: { country: 'DE' } });
  const text = withTest(withTest(TEXT, 'one', true, [example]), 'two', false, [example]);
  const documents = readDocuments(text);
  if (!isReadable(documents)) throw new Error(text);
  const tests = (documents.main.toJSON() as { drishti: { tests: { name: string }[] } }).drishti.tests;
  expect(tests.map(({ name }) => name)).toEqual(['one', 'two']);
});
