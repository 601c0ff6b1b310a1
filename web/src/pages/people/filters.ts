import { momentsOf, presetLength, rangeOf, type Range } from '../../lib/range';
import { changed } from '../../lib/router/query';

export const ORDERS = ['risk', 'last_seen', 'name', 'events'] as const;
export const KINDS = ['person', 'service_account'] as const;
export const ROLES = ['admin', 'member', 'guest', 'view_only'] as const;
export const STATUSES = ['active', 'inactive', 'gone', 'unknown'] as const;
/** Points of risk, at least; the last two are what a high alert, and what a critical one adds. */
export const RISKS = ['1', '16', '40', '80'] as const;
/** Days without any activity. */
export const IDLE = ['30d', '60d', '90d'] as const;

type One<T extends readonly string[]> = T[number] | null;

/** Which people are listed, as it stands in the address. */
export interface PeopleFilters {
  text: string;
  kind: One<typeof KINDS>;
  role: One<typeof ROLES>;
  status: One<typeof STATUSES>;
  risk: One<typeof RISKS>;
  hasAlerts: boolean;
  isLeaving: boolean;
  idle: One<typeof IDLE>;
  source: string | null;
  seen: Range;
  order: (typeof ORDERS)[number];
}

export function peopleFilters(query: URLSearchParams): PeopleFilters {
  const one = <T extends readonly string[]>(name: string, all: T): One<T> =>
    (all.find((each) => each === query.get(name)) as T[number] | undefined) ?? null;
  return {
    text: query.get('text') ?? '',
    kind: one('kind', KINDS),
    role: one('role', ROLES),
    status: one('status', STATUSES),
    risk: one('risk', RISKS),
    hasAlerts: query.get('alerts') === 'open',
    isLeaving: query.get('leaving') === 'yes',
    idle: one('idle', IDLE),
    source: query.get('source'),
    seen: rangeOf(query),
    order: one('order', ORDERS) ?? 'risk',
  };
}

/** The filters as the API takes them. */
export function peopleQuery(filters: PeopleFilters, now: number) {
  const { from, to } = momentsOf(filters.seen, now);
  const idle = filters.idle && presetLength(filters.idle);
  return {
    text: filters.text.trim() || undefined,
    kind: filters.kind ?? undefined,
    role: filters.role ?? undefined,
    status: filters.status ?? undefined,
    risk_min: filters.risk ? Number(filters.risk) : undefined,
    has_alerts: filters.hasAlerts || undefined,
    is_leaving: filters.isLeaving || undefined,
    source: filters.source ?? undefined,
    seen_from: from,
    seen_to: idle ? new Date(now - idle).toISOString() : to,
    order: filters.order,
  };
}

/** The address's state without the filters. */
export function withoutFilters(search: string): string {
  const names = ['text', 'kind', 'role', 'status', 'risk', 'alerts', 'leaving', 'idle', 'source', 'last', 'from', 'to'];
  return changed(search, Object.fromEntries(names.map((name) => [name, null])));
}
