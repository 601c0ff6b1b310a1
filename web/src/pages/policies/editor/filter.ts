import type { Document, ParsedNode } from 'yaml';
import { entriesOf, isReadable, put, readDocuments, textAt, textsAt, written, type Documents } from './documents';
import { OPERATORS, isAboutPresence, isForOne, operatorOf } from './operators';
import type { Condition, Counting, Filter, Group, Scalar } from './model';

type Parsed = Document.Parsed<ParsedNode>;

/** Why the builder can't show what a text looks for. */
export type Obstacle =
  | { kind: 'unreadable'; line: number | null; problem: string }
  | { kind: 'detector' }
  | { kind: 'documents' }
  | { kind: 'condition'; what: string }
  | { kind: 'selection'; what: string }
  | { kind: 'field'; what: string }
  | { kind: 'correlation'; what: string };

/** What a text looks for, as the builder shows it, or why it can't. */
export function readFilter(text: string): Filter | Obstacle {
  const read = readDocuments(text);
  if (!isReadable(read)) return { kind: 'unreadable', ...read };
  if (read.main.getIn(['drishti', 'detector']) !== undefined) return { kind: 'detector' };
  const rules = read.all.filter((document) => document.has('detection'));
  const correlations = read.all.filter((document) => document.has('correlation'));
  const [rule] = rules;
  if (!rule || rules.length > 1 || correlations.length > 1 || rules.length + correlations.length < read.all.length) {
    return { kind: 'documents' };
  }
  const filter = readDetection(rule);
  if (isObstacle(filter)) return filter;
  const [correlation] = correlations;
  if (!correlation) return filter;
  const counting = readCorrelation(correlation, rule);
  return isObstacle(counting) ? counting : { ...filter, counting };
}

export function isObstacle(read: object): read is Obstacle {
  return 'kind' in read;
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const SOME = new RegExp(`^(?:(${NAME})|\\((${NAME}(?: or ${NAME})+)\\)|1 of (${NAME})\\*)$`);

function readDetection(rule: Parsed): Filter | Obstacle {
  const entries = entriesOf(rule.getIn(['detection'], true));
  if (!entries) return { kind: 'selection', what: 'detection' };
  const parts = new Map(entries.filter(([name]) => name !== 'condition'));
  const condition: unknown = rule.getIn(['detection', 'condition']);
  if (typeof condition !== 'string') return { kind: 'condition', what: 'condition' };
  const filter: Filter = { include: [], exclude: [], words: [], counting: null };
  const used = new Set<string>();
  for (const part of condition.trim().split(/\s+and\s+/)) {
    const isDenied = part.startsWith('not ');
    const names = namesOf(isDenied ? part.slice(4).trim() : part, [...parts.keys()]);
    if (!names) return { kind: 'condition', what: condition };
    const groups = isDenied ? filter.exclude : filter.include;
    const [first = ''] = names;
    if (!isDenied && names.length === 1 && isWords(parts.get(first)) && filter.words.length === 0) {
      filter.words = (parts.get(first) as Scalar[]).map(String);
      used.add(first);
      continue;
    }
    if (groups.length > 0) return { kind: 'condition', what: condition };
    for (const name of names) {
      const group = readGroup(name, parts.get(name));
      if (isObstacle(group)) return group;
      used.add(name);
      groups.push(group);
    }
  }
  const unused = [...parts.keys()].find((name) => !used.has(name));
  return unused === undefined ? filter : { kind: 'condition', what: unused };
}

function isWords(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' || typeof each === 'number');
}

/** The selections that a part of a condition names, any of which is enough. */
function namesOf(part: string, known: readonly string[]): string[] | null {
  const found = SOME.exec(part);
  if (!found) return null;
  const [, one, several, beginning] = found;
  const names = beginning
    ? known.filter((name) => name.startsWith(beginning))
    : (several?.split(' or ') ?? [one ?? '']);
  return names.length > 0 && names.every((name) => known.includes(name)) ? names : null;
}

function readGroup(name: string, value: unknown): Group | Obstacle {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'selection', what: name };
  const conditions: Condition[] = [];
  for (const [key, given] of Object.entries(value)) {
    const [field = '', ...modifiers] = key.split('|');
    const values: unknown[] = Array.isArray(given) ? given : [given];
    if (!field || !values.every(isScalarValue)) return { kind: 'field', what: key };
    const isMissing = modifiers.length === 0 && given === null;
    const operator = isMissing ? 'unknown' : operatorOf(modifiers, given);
    if (!operator || (values.includes(null) && !isMissing)) return { kind: 'field', what: key };
    conditions.push({ field, operator, values: isAboutPresence(operator) ? [] : values });
  }
  return { name, conditions };
}

function isScalarValue(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function readCorrelation(document: Parsed, rule: Parsed): Counting | Obstacle {
  const entries = entriesOf(document.getIn(['correlation'], true)) ?? [];
  const of = Object.fromEntries(entries);
  const known = ['type', 'rules', 'group-by', 'timespan', 'condition'];
  const other = entries.map(([name]) => name).find((name) => !known.includes(name));
  if (other) return { kind: 'correlation', what: other };
  const type = of.type;
  const condition = of.condition as Record<string, unknown> | undefined;
  if (type !== 'event_count' && type !== 'value_count') return { kind: 'correlation', what: String(type) };
  const rules = textsAt(document, 'correlation', 'rules');
  const names = ['name', 'id', 'title'].map((key) => textAt(rule, key));
  if (rules.length !== 1 || !names.includes(rules[0] ?? '')) return { kind: 'correlation', what: 'rules' };
  const least = condition?.gte ?? (typeof condition?.gt === 'number' ? condition.gt + 1 : undefined);
  const distinct = condition?.field;
  const isOne = Object.keys(condition ?? {}).filter((key) => key !== 'field').length === 1;
  if (typeof least !== 'number' || !isOne || (type === 'value_count') !== (typeof distinct === 'string')) {
    return { kind: 'correlation', what: 'condition' };
  }
  return {
    distinct: typeof distinct === 'string' ? distinct : null,
    by: textsAt(document, 'correlation', 'group-by'),
    least,
    within: textAt(document, 'correlation', 'timespan'),
  };
}

/** The text with another filter. What else stands in it stays as it is. */
export function writeFilter(text: string, filter: Filter): string {
  const read = readDocuments(text);
  if (!isReadable(read)) return text;
  const rule = read.all.find((document) => document.has('detection')) ?? read.main;
  put(rule, ['detection'], detectionOf(filter));
  const correlation = read.all.find((document) => document.has('correlation'));
  if (filter.counting && correlation) {
    put(correlation, ['correlation'], correlationOf(filter.counting, referenceOf(rule)));
    return written(read.all);
  }
  if (filter.counting) return withCorrelation(read, rule, filter.counting);
  return correlation ? withoutCorrelation(read, rule, correlation) : written(read.all);
}

/** What a correlation calls its rule: a name that is made where there is none. */
function referenceOf(rule: Parsed): string {
  const known = textAt(rule, 'name');
  if (known) return known;
  const name = textAt(rule, 'drishti', 'name').replaceAll(/[^a-z0-9_]/g, '_') || 'counted';
  put(rule, ['name'], `${name}_once`);
  return `${name}_once`;
}

/** The rule becomes what is counted, and what the policy says moves to the correlation. */
function withCorrelation(read: Documents, rule: Parsed, counting: Counting): string {
  const drishti: unknown = rule.getIn(['drishti'], true);
  const title = textAt(rule, 'title');
  const level = textAt(rule, 'level');
  const reference = referenceOf(rule);
  const said = entriesOf(drishti) ?? [];
  rule.deleteIn(['drishti']);
  const [fresh] = readAll('title: x\n');
  if (!fresh) return written(read.all);
  put(fresh, ['title'], title);
  put(fresh, ['correlation'], correlationOf(counting, reference));
  put(fresh, ['level'], level || 'medium');
  put(fresh, ['drishti'], Object.fromEntries(said));
  return written([...read.all, fresh]);
}

function withoutCorrelation(read: Documents, rule: Parsed, correlation: Parsed): string {
  const said = entriesOf(correlation.getIn(['drishti'], true)) ?? [];
  const level = textAt(correlation, 'level');
  if (level) put(rule, ['level'], level);
  if (said.length > 0) put(rule, ['drishti'], Object.fromEntries(said));
  rule.deleteIn(['name']);
  return written(read.all.filter((document) => document !== correlation));
}

function readAll(text: string): Parsed[] {
  const read = readDocuments(text);
  return isReadable(read) ? read.all : [];
}

function correlationOf({ distinct, by, least, within }: Counting, reference: string): Record<string, unknown> {
  return {
    type: distinct === null ? 'event_count' : 'value_count',
    rules: [reference],
    ...(by.length > 0 ? { 'group-by': by } : {}),
    timespan: within,
    condition: { ...(distinct === null ? {} : { field: distinct }), gte: least },
  };
}

function detectionOf({ include, exclude, words }: Filter): Record<string, unknown> {
  const asked = include.filter(({ conditions }) => conditions.length > 0);
  const denied = exclude.filter(({ conditions }) => conditions.length > 0);
  const groups = [...asked, ...denied].map((group): [string, unknown] => [group.name, selectionOf(group)]);
  const parts = [
    ...(asked.length > 0 ? [either(asked)] : []),
    ...(words.length > 0 ? ['words'] : []),
    ...(denied.length > 0 ? [`not ${either(denied)}`] : []),
  ];
  // A policy that asks for nothing would match everything: the server refuses it, and says so.
  const nothing = parts.length === 0 || (asked.length === 0 && words.length === 0);
  return {
    ...(nothing ? { selection: {} } : {}),
    ...Object.fromEntries(groups),
    ...(words.length > 0 ? { words } : {}),
    condition: (nothing ? ['selection', ...parts] : parts).join(' and '),
  };
}

function either(groups: readonly Group[]): string {
  const names = groups.map(({ name }) => name);
  return names.length === 1 ? (names[0] ?? '') : `(${names.join(' or ')})`;
}

function selectionOf({ conditions }: Group): Record<string, unknown> {
  const selection: Record<string, unknown> = {};
  for (const { field, operator, values } of conditions) {
    const key = [field, ...OPERATORS[operator]].join('|');
    if (isAboutPresence(operator)) selection[key] = operator === 'known';
    else if (values.length === 1 || isForOne(operator)) selection[key] = values[0] ?? '';
    else selection[key] = values;
  }
  return selection;
}
