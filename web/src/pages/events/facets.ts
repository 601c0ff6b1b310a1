import type { Query } from '../../lib/router/query';
import { toggled } from '../../lib/router/query';
import { withValue, type EventFilters, type Field } from './filters';

/** Fields whose values are counted beside the list, in the order in which they are shown. */
export const FACETS = [
  'event_type',
  'event_category',
  'actor_email',
  'actor_type',
  'resource_type',
  'ip_country',
  'ip_organization',
  'ip_category',
  'ip_tags',
  'device_browser',
  'device_os',
  'context_type',
  'oauth_app_name',
  'api_authentication_method',
  'source',
] as const;

/** Values of each field that are asked for. */
export const FACET_VALUES = 40;

/** Fields that have a filter of their own. */
const OWN: Partial<Record<string, Field>> = {
  event_type: 'event_type',
  event_category: 'event_category',
  actor_email: 'actor',
  source: 'source',
};

export type Choice = 'is' | 'not' | null;

/** Whether a value is filtered by. */
export function choiceOf(filters: EventFilters, field: string, value: string | null): Choice {
  const own = OWN[field];
  const text = facetValue(field, value);
  if (filters.not.includes(text)) return 'not';
  if (filters.is.includes(text)) return 'is';
  return own && value !== null && filters.values[own].includes(value) ? 'is' : null;
}

/** The changes of the address by which events with a value are chosen, or left out; the same again takes it back. */
export function choose(filters: EventFilters, field: string, value: string | null, wanted: 'is' | 'not'): Query {
  const own = OWN[field];
  const text = facetValue(field, value);
  const before = choiceOf(filters, field, value);
  const cleared: Query = {
    is: filters.is.filter((each) => each !== text),
    not: filters.not.filter((each) => each !== text),
  };
  if (own && value !== null) cleared[own] = filters.values[own].filter((each) => each !== value);
  if (before === wanted) return cleared;
  if (wanted === 'is' && own && value !== null) return { ...cleared, ...withValue(filters, own, value) };
  return { ...cleared, [wanted]: toggled((cleared[wanted] ?? []) as string[], text) };
}

/** A facet's field and value, as they stand in the address. */
export function facetValue(field: string, value: string | null): string {
  return `${field}:${value ?? ''}`;
}

export function splitFacetValue(text: string): [string, string] {
  const at = text.indexOf(':');
  return [text.slice(0, at), text.slice(at + 1)];
}
