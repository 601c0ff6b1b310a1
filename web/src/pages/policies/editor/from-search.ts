import { splitFacetValue } from '../../events/facets';
import type { EventFilters } from '../../events/filters';
import { presetLength } from '../../../lib/range';
import { emptyFilter, freeName, type Condition, type Filter, type Group, type Scalar } from './model';

const DAY_MILLISECONDS = 86_400_000;

/** What policies call the fields whose values are counted beside events. They know no source. */
const POLICY_FIELDS: Readonly<Record<string, string>> = {
  event_type: 'event_type',
  event_category: 'event_category',
  actor_type: 'actor.actor_type',
  actor_email: 'actor.email',
  actor_gid: 'actor.gid',
  resource_type: 'resource.resource_type',
  resource_subtype: 'resource.resource_subtype',
  context_type: 'context.context_type',
  api_authentication_method: 'context.api_authentication_method',
  client_ip_address: 'context.client_ip_address',
  oauth_app_name: 'context.oauth_app_name',
  ip_country: 'ip.country',
  ip_city: 'ip.city',
  ip_organization: 'ip.organization',
  ip_category: 'ip.category',
  ip_tags: 'ip.tags',
  device_browser: 'device.browser',
  device_os: 'device.os',
  device_kind: 'device.kind',
  device_tags: 'device.tags',
  hour: 'hour',
  weekday: 'weekday',
};

/** Fields that an event can have several values of: none of them is an empty list to a policy, and no missing field. */
const LISTS: readonly string[] = ['ip_tags', 'device_tags'];
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** A filter of a search that a policy can't say. */
export interface LeftOut {
  choice: 'is' | 'not';
  field: string;
  /** Empty: events without a value. */
  value: string;
}

/** What a policy can say of a search, and what it can't, so that it finds more than the search. */
export interface FromSearch {
  filter: Filter;
  leftOut: LeftOut[];
}

/** What an events page is searching for, as the filter of a policy. */
export function filterOf({ values, is, not, q }: EventFilters): FromSearch {
  const equal = (field: string, given: readonly string[]): Condition[] =>
    given.length > 0 ? [{ field, operator: 'is', values: given.map(literal) }] : [];
  const somebody = (part: 'actor' | 'resource') => {
    const [given] = values[part];
    return equal(given?.includes('@') ? `${part}.email` : `${part}.gid`, values[part]);
  };
  const conditions = [
    ...equal('event_type', values.event_type),
    ...equal('event_category', values.event_category),
    ...somebody('actor'),
    ...somebody('resource'),
    ...equal('context.client_ip_address', values.ip),
    ...equal('gid', values.gid),
  ];
  const leftOut: LeftOut[] = values.source.map((value) => ({ choice: 'is', field: 'source', value }));
  for (const [field, given] of byField(is)) {
    const condition = asked(field, given);
    // A selection has a field once, so that a second condition on it would take the place of the first.
    if (condition && !conditions.some((other) => other.field === condition.field)) conditions.push(condition);
    else leftOut.push(...given.map((value): LeftOut => ({ choice: 'is', field, value })));
  }
  const exclude: Group[] = [];
  for (const [field, given] of byField(not)) {
    const { conditions: denied, unsaid } = refused(field, given);
    for (const condition of denied) {
      const taken = exclude.map(({ name }) => name);
      exclude.push({ name: freeName('except', taken), conditions: [condition] });
    }
    leftOut.push(...unsaid.map((value): LeftOut => ({ choice: 'not', field, value })));
  }
  const text = q.trim();
  const words = text ? [literal(text)] : [];
  return { filter: { ...emptyFilter(), include: [{ name: 'selection', conditions }], exclude, words }, leftOut };
}

/** On how many days the policy is tried: as many as the page shows, at least one. */
export function daysOf({ range }: EventFilters, now: number): number {
  const length = range.last ? presetLength(range.last) : range.from ? now - Date.parse(range.from) : null;
  return length ? Math.min(365, Math.max(1, Math.ceil(length / DAY_MILLISECONDS))) : 30;
}

/** The values of each field; any of them is enough. */
function byField(given: readonly string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [field, value] of given.map(splitFacetValue)) fields.set(field, [...(fields.get(field) ?? []), value]);
  return fields;
}

/** Values that are asked for as one condition; null where there is none for it. */
function asked(field: string, given: readonly string[]): Condition | null {
  const name = POLICY_FIELDS[field];
  if (!name) return null;
  if (!given.includes('')) return { field: name, operator: 'is', values: given.map((value) => valueOf(field, value)) };
  return given.length === 1 && !LISTS.includes(field) ? { field: name, operator: 'unknown', values: [] } : null;
}

/** Values that are left out, as conditions none of which may hold. */
function refused(field: string, given: readonly string[]): { conditions: Condition[]; unsaid: string[] } {
  const name = POLICY_FIELDS[field];
  if (!name) return { conditions: [], unsaid: [...given] };
  const values = given.filter(Boolean).map((value) => valueOf(field, value));
  const conditions: Condition[] = values.length > 0 ? [{ field: name, operator: 'is', values }] : [];
  if (!given.includes('')) return { conditions, unsaid: [] };
  if (LISTS.includes(field)) return { conditions, unsaid: [''] };
  return { conditions: [...conditions, { field: name, operator: 'unknown', values: [] }], unsaid: [] };
}

function valueOf(field: string, value: string): Scalar {
  if (field === 'hour') return Number(value);
  return field === 'weekday' ? (WEEKDAYS[Number(value)] ?? value) : literal(value);
}

/** A text that means itself to Sigma, in which `*` and `?` stand for any others. */
function literal(text: string): string {
  return text.replaceAll(/(\\*)([*?])/g, '$1$1\\$2');
}
