import { api, ask } from '../api/client';
import type { Alert } from '../api/schema';
import { listed, type ListedEvent } from './asana';

/** Most events of an alert that are shown. */
export const SHOWN_MAX = 50;

/** The filter that finds the events about an entity. */
export function entityFilter({ kind, id }: Alert['entity']): { actor?: string; ip?: string; resource?: string } {
  if (kind === 'person' || kind === 'service_account') return { actor: id };
  if (kind === 'address') return { ip: id };
  return kind === 'resource' ? { resource: id } : {};
}

/** The newest events of an alert. */
export async function eventsOf({ id }: Alert, signal: AbortSignal): Promise<ListedEvent[]> {
  const params = { path: { id }, query: { limit: SHOWN_MAX } };
  return (await ask(api.GET('/api/v1/alerts/{id}/events', { params, signal }))).events.map(listed);
}
