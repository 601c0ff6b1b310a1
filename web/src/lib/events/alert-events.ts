import { api, ask } from '../api/client';
import type { Alert, Event } from '../api/schema';
import { listed, type ListedEvent } from './asana';

const DAY_MILLISECONDS = 86_400_000;
/** How far before its first match an alert's events may reach: what was counted came earlier. */
const BEFORE_MILLISECONDS = 2 * DAY_MILLISECONDS;
const PAGE_SIZE = 500;
const SINGLY_MAX = 8;
/** Most events of an alert that are shown. */
export const SHOWN_MAX = 50;

/** The filter that finds the events about an entity. */
export function entityFilter({ kind, id }: Alert['entity']): { actor?: string; ip?: string; resource?: string } {
  if (kind === 'person' || kind === 'service_account') return { actor: id };
  if (kind === 'address') return { ip: id };
  return kind === 'resource' ? { resource: id } : {};
}

/** The newest events of an alert: found in one page about its entity, the few others one by one. */
export async function eventsOf(alert: Alert, gids: readonly string[], signal: AbortSignal): Promise<ListedEvent[]> {
  const wanted = new Set(gids.slice(-SHOWN_MAX));
  const filter = entityFilter(alert.entity);
  const found = new Map<string, ListedEvent>();
  const take = (events: readonly Event[]) => {
    for (const event of events.map(listed)) if (wanted.has(event.gid)) found.set(event.gid, event);
  };
  if (Object.keys(filter).length > 0 && wanted.size > 1) {
    const from = new Date(Date.parse(alert.first_event_at) - BEFORE_MILLISECONDS).toISOString();
    const to = new Date(Date.parse(alert.last_event_at) + 1).toISOString();
    const query = { ...filter, source: alert.source, from, to, limit: PAGE_SIZE };
    take((await ask(api.GET('/api/v1/events', { params: { query }, signal }))).events);
  }
  const missing = [...wanted].filter((gid) => !found.has(gid)).slice(-SINGLY_MAX);
  const pages = await Promise.all(
    missing.map((gid) => ask(api.GET('/api/v1/events', { params: { query: { gid, source: alert.source } }, signal }))),
  );
  for (const { events } of pages) take(events);
  return [...found.values()].sort((a, b) => b.time.localeCompare(a.time));
}
