import type { Alert } from '../api/schema';
import { plainName } from '../format/names';
import { texts } from '../texts';

/** The page of a person. */
export function personHref(id: string): string {
  return `/people/${encodeURIComponent(id)}`;
}

/** The page of whom an alert is about, if that is somebody. */
export function entityHref({ kind, id }: Alert['entity']): string | null {
  return kind === 'person' || kind === 'service_account' ? personHref(id) : null;
}

/** What somebody is called: a name, an e-mail address, or the gid. */
export function personName(person: { id: string; name: string | null; email: string | null }): string {
  return plainName(person.name || person.email || person.id || texts.nameless);
}

/** As the events know who did something. */
export function actorOf(person: { id: string; email: string | null }): string {
  return person.id.includes('@') ? (person.email ?? person.id) : person.id;
}

/** From so many points on somebody is looked at first: what a high alert, and what a critical one adds. */
const HIGH_POINTS = 40;
const CRITICAL_POINTS = 80;

/** How bad a risk is, as a severity. */
export function riskLevel(points: number): string {
  if (points >= CRITICAL_POINTS) return 'critical';
  if (points >= HIGH_POINTS) return 'high';
  return points > 0 ? 'medium' : 'informational';
}

/** The full bar; more fits nowhere. */
const FULL_POINTS = 160;

export function riskShare(points: number): number {
  return Math.min(1, Math.sqrt(Math.max(0, points) / FULL_POINTS));
}
