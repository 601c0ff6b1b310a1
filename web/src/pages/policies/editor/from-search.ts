import type { EventFilters } from '../../events/filters';
import { presetLength } from '../../../lib/range';
import { emptyFilter, type Condition, type Filter } from './model';

const DAY_MILLISECONDS = 86_400_000;

/** What an events page is searching for, as the filter of a policy. */
export function filterOf({ values, q }: EventFilters): Filter {
  const is = (field: string, given: readonly string[]): Condition[] =>
    given.length > 0 ? [{ field, operator: 'is', values: [...given] }] : [];
  const somebody = (part: 'actor' | 'resource') => {
    const [given] = values[part];
    return is(given?.includes('@') ? `${part}.email` : `${part}.gid`, values[part]);
  };
  const conditions = [
    ...is('event_type', values.event_type),
    ...is('event_category', values.event_category),
    ...somebody('actor'),
    ...somebody('resource'),
    ...is('context.client_ip_address', values.ip),
    ...is('gid', values.gid),
  ];
  const text = q.trim();
  return { ...emptyFilter(), include: [{ name: 'selection', conditions }], words: text ? [text] : [] };
}

/** On how many days the policy is tried: as many as the page shows, at least one. */
export function daysOf({ range }: EventFilters, now: number): number {
  const length = range.last ? presetLength(range.last) : range.from ? now - Date.parse(range.from) : null;
  return length ? Math.min(365, Math.max(1, Math.ceil(length / DAY_MILLISECONDS))) : 30;
}
