import { plainName } from '../format/names';
import { words } from '../format/words';
import { texts } from '../texts';
import type { Event } from '../api/schema';

/** An event in Asana's form. Anything may be missing or be something else than the documentation says. */
export type AsanaEvent = Record<string, unknown>;

/** A text at a path of keys; null where there is none. */
export function text(event: AsanaEvent, ...path: string[]): string | null {
  let value: unknown = event;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string, unknown>)[key];
  }
  if (typeof value === 'string') return value || null;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** An event of the API with the parts that lists show. */
export interface ListedEvent {
  gid: string;
  time: string;
  type: string;
  source: string;
  entry: Event;
  event: AsanaEvent;
}

export function listed(entry: Event): ListedEvent {
  const event = entry.event as AsanaEvent;
  return {
    gid: text(event, 'gid') ?? '',
    time: text(event, 'created_at') ?? entry.collected_at,
    type: text(event, 'event_type') ?? '',
    source: entry.source,
    entry,
    event,
  };
}

/** Who did it: a name, an address, or what kind of actor. */
export function actorName(event: AsanaEvent): string {
  const kind = text(event, 'actor', 'actor_type') ?? '';
  const name =
    text(event, 'actor', 'name') ??
    text(event, 'actor', 'email') ??
    texts.events.actorTypes[kind] ??
    text(event, 'actor', 'gid') ??
    (kind ? words(kind) : texts.unknown);
  return plainName(name);
}

/** Gid or address of who did it, as the API filters by it. */
export function actorId(event: AsanaEvent): string | null {
  return text(event, 'actor', 'gid') ?? text(event, 'actor', 'email');
}

export function resourceName(event: AsanaEvent): string | null {
  const name = text(event, 'resource', 'name') ?? text(event, 'resource', 'email') ?? text(event, 'resource', 'gid');
  return name === null ? null : plainName(name);
}

export function resourceId(event: AsanaEvent): string | null {
  return text(event, 'resource', 'gid') ?? text(event, 'resource', 'email');
}

export function address(event: AsanaEvent): string | null {
  return text(event, 'context', 'client_ip_address');
}

/** All that stands in an object, as names and texts; nested names with dots. */
export function flattened(value: unknown, prefix = ''): [string, string][] {
  if (value === null || value === undefined) return [[prefix, '–']];
  if (Array.isArray(value)) {
    const isPlain = value.every((each) => typeof each !== 'object' || each === null);
    return [[prefix, plainName(isPlain ? value.join(', ') : JSON.stringify(value))]];
  }
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]) => flattened(inner, prefix ? `${prefix}.${key}` : key));
  }
  return [[prefix, plainName(String(value))]];
}
