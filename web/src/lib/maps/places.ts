import type { ListedEvent } from '../events/asana';

/** Mean radius of the earth (IUGG, R₁), rounded as detection rounds it: both should tell the same distances. */
const EARTH_RADIUS_KILOMETRES = 6371;
/** Coordinates of a city differ from database to database; what is as near as a tenth of a degree is one place. */
const NEARNESS_DEGREES = 0.1;

/** Somewhere on the map. */
export interface Place {
  id: string;
  /** As far as it is known: city and country, or the country alone. */
  name: string;
  /** Degrees, north positive. */
  latitude: number;
  /** Degrees, east positive. */
  longitude: number;
}

/** A stay at one place: what was done there without being seen elsewhere in between. */
export interface Visit {
  place: Place;
  /** Times of its first and last event. */
  from: string;
  to: string;
  events: ListedEvent[];
}

/** The way between two stays. */
export interface Leg {
  from: Visit;
  to: Visit;
  /** Along the great circle. */
  kilometres: number;
  hours: number;
  /** Null where both were at the same moment. */
  kilometresPerHour: number | null;
}

const COUNTRIES = new Intl.DisplayNames(typeof navigator === 'undefined' ? 'en' : navigator.language, {
  type: 'region',
  fallback: 'code',
});

/** The name of a country by its two letters; what is no such code stays as it is. */
export function countryName(code: string): string {
  try {
    return COUNTRIES.of(code) ?? code;
  } catch {
    return code;
  }
}

/** What an address says of a place, in words. */
export function placeName({ city, country }: { city: string | null; country: string | null }): string {
  return [city, country && countryName(country)].filter(Boolean).join(', ');
}

/** Where something is, if it is known well enough for a map. */
export function placeOf(address: {
  city: string | null;
  country: string | null;
  latitude: number | null;
  longitude: number | null;
}): Place | null {
  const { latitude, longitude } = address;
  if (latitude === null || longitude === null || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  const near = (degrees: number) => Math.round(degrees / NEARNESS_DEGREES);
  const name = placeName(address) || `${latitude.toFixed(1)}, ${longitude.toFixed(1)}`;
  return { id: `${near(latitude)}/${near(longitude)}`, name, latitude, longitude };
}

/** The stays that events tell of, in the order of time. */
export function visitsOf(events: readonly ListedEvent[]): Visit[] {
  const visits: Visit[] = [];
  for (const event of [...events].sort((a, b) => a.time.localeCompare(b.time))) {
    const place = event.entry.address && placeOf(event.entry.address);
    if (!place) continue;
    const last = visits.at(-1);
    if (last?.place.id === place.id) {
      last.to = event.time;
      last.events.push(event);
    } else {
      visits.push({ place, from: event.time, to: event.time, events: [event] });
    }
  }
  return visits;
}

/** The ways between stays that follow each other. */
export function legsOf(visits: readonly Visit[]): Leg[] {
  return visits.slice(1).flatMap((to, index) => {
    const from = visits[index];
    if (!from) return [];
    const kilometres = distance(from.place, to.place);
    const hours = Math.max(0, second(to.from) - second(from.to)) / 3600;
    return [{ from, to, kilometres, hours, kilometresPerHour: hours > 0 ? kilometres / hours : null }];
  });
}

/** Detection goes by whole seconds, and both should say the same. */
function second(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** Kilometres along the great circle, by the haversine formula. */
export function distance(a: Omit<Place, 'id' | 'name'>, b: Omit<Place, 'id' | 'name'>): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const chord =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * EARTH_RADIUS_KILOMETRES * Math.asin(Math.min(1, Math.sqrt(chord)));
}
