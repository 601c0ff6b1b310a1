import { momentsOf, rangeOf, type Range } from '../../lib/range';

/** Filters that stand in the address under their own name, in the order in which they are shown. */
export const FIELDS = ['event_category', 'event_type', 'actor', 'resource', 'ip', 'gid', 'source'] as const;
export type Field = (typeof FIELDS)[number];
/** Those that may have several values, of which any is enough. */
const MANY: readonly Field[] = ['event_type', 'event_category'];
const DEFAULT_LAST = '7d';

/** Which events are listed, as it stands in the address. */
export interface EventFilters {
  values: Record<Field, string[]>;
  /** `field:value` of facets that events have, and that they have not. */
  is: string[];
  not: string[];
  q: string;
  range: Range;
}

export function eventFilters(query: URLSearchParams): EventFilters {
  const values = Object.fromEntries(
    FIELDS.map((field) => {
      const given = query.getAll(field).filter(Boolean);
      return [field, MANY.includes(field) ? given : given.slice(0, 1)];
    }),
  ) as Record<Field, string[]>;
  const isTimed = ['last', 'from', 'to', 'gid'].some((name) => query.has(name));
  return {
    values,
    is: query.getAll('is').filter(isFacetValue),
    not: query.getAll('not').filter(isFacetValue),
    q: query.get('q') ?? '',
    range: isTimed ? rangeOf(query) : { last: DEFAULT_LAST, from: null, to: null },
  };
}

function isFacetValue(text: string): boolean {
  return /^[a-z_]+:/.test(text);
}

/** A time for the address. «Any time» has to be said, since nothing means the last days. */
export function rangeForAddress({ last, from, to }: Range): {
  last: string | null;
  from: string | null;
  to: string | null;
} {
  if (!last && !from && !to) return { last: 'all', from: null, to: null };
  return { last: last === DEFAULT_LAST ? null : last, from, to };
}

/** The address's changes that add a value to a filter. */
export function withValue(filters: EventFilters, field: Field, value: string): Record<string, string[]> {
  const before = MANY.includes(field) ? filters.values[field].filter((each) => each !== value) : [];
  return { [field]: [...before, value] };
}

/** The filters as the API takes them. */
export function eventQuery({ values, is, not, q, range }: EventFilters, now: number) {
  return {
    source: values.source[0],
    event_type: values.event_type.length > 0 ? values.event_type : undefined,
    event_category: values.event_category.length > 0 ? values.event_category : undefined,
    actor: values.actor[0],
    resource: values.resource[0],
    ip: values.ip[0],
    gid: values.gid[0],
    is: is.length > 0 ? is : undefined,
    not: not.length > 0 ? not : undefined,
    q: q.trim() || undefined,
    ...momentsOf(range, now),
  };
}

export function isNarrowed({ values, is, not, q }: EventFilters): boolean {
  return q !== '' || is.length > 0 || not.length > 0 || FIELDS.some((field) => values[field].length > 0);
}
