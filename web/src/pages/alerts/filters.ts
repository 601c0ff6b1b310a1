import { momentsOf, rangeOf, type Range } from '../../lib/range';
import { grouped } from '../../lib/grouped';
import { changed } from '../../lib/router/query';

export const STATES = ['new', 'in_review', 'resolved'] as const;
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'informational'] as const;
/** Who looks after what nobody looks after, as the API writes it. */
export const NOBODY = '-';
/** What is listed when the address says nothing of states: what still needs somebody. */
const OPEN_STATES: readonly string[] = ['new', 'in_review'];

/** Which alerts are listed, as it stands in the address. */
export interface AlertFilters {
  states: string[];
  severities: string[];
  policies: string[];
  entity: string | null;
  assignees: string[];
  event: string | null;
  source: string | null;
  text: string;
  range: Range;
  order: 'newest' | 'worst';
}

export function alertFilters(query: URLSearchParams): AlertFilters {
  const given = query.getAll('state');
  const known = given.filter((state) => (STATES as readonly string[]).includes(state));
  const severities = query.getAll('severity');
  return {
    states: given.includes('all') ? [...STATES] : known.length > 0 ? known : [...OPEN_STATES],
    severities: SEVERITIES.filter((level) => severities.includes(level)),
    policies: query.getAll('policy'),
    entity: query.get('entity'),
    assignees: query.getAll('assignee'),
    event: query.get('event'),
    source: query.get('source'),
    text: query.get('text') ?? '',
    range: rangeOf(query),
    order: query.get('order') === 'newest' ? 'newest' : 'worst',
  };
}

/** States for the address: none for the usual ones, `all` for all. */
export function statesForAddress(states: readonly string[]): string[] {
  if (states.length === STATES.length) return ['all'];
  return states.length === OPEN_STATES.length && OPEN_STATES.every((state) => states.includes(state))
    ? []
    : [...states];
}

/** The filters as the API takes them. */
export function alertQuery(filters: AlertFilters, now: number) {
  return {
    state: filters.states.length === STATES.length ? undefined : filters.states,
    severity: some(filters.severities),
    policy: some(filters.policies),
    entity: filters.entity ?? undefined,
    assignee: some(filters.assignees),
    event: filters.event ?? undefined,
    source: filters.source ?? undefined,
    text: filters.text.trim() || undefined,
    ...momentsOf(filters.range, now),
  };
}

function some(values: string[]): string[] | undefined {
  return values.length > 0 ? values : undefined;
}

/** The severities from the worst one down to `least`, for links that mean «at least». */
export function andWorse(least: (typeof SEVERITIES)[number]): string[] {
  return SEVERITIES.slice(0, SEVERITIES.indexOf(least) + 1);
}

/** The address's state without the filters. */
export function withoutFilters(search: string): string {
  const nothing = {
    state: null,
    severity: null,
    policy: null,
    entity: null,
    assignee: null,
    event: null,
    source: null,
  };
  return changed(search, { ...nothing, text: null, last: null, from: null, to: null });
}

/** Whether an alert still belongs into the list after a change; the server decides on the rest when it is read anew. */
export function stays(alert: { state: string; assignee: string | null }, filters: AlertFilters): boolean {
  if (!filters.states.includes(alert.state)) return false;
  return filters.assignees.length === 0 || filters.assignees.includes(alert.assignee ?? NOBODY);
}

/** What to change back, the alerts that were alike together. */
export function undoing(
  before: readonly {
    id: string;
    state: string;
    classification: string | null;
    reason: string | null;
    assignee: string | null;
  }[],
) {
  const groups = grouped(before, ({ state, classification, reason, assignee }) =>
    JSON.stringify({
      state,
      ...(state === 'resolved' ? { classification, reason } : {}),
      assignee: assignee ?? '',
    }),
  );
  return [...groups].map(([change, alerts]) => ({
    ids: alerts.map(({ id }) => id),
    change: JSON.parse(change) as { state: string; classification?: string; reason?: string; assignee: string },
  }));
}
