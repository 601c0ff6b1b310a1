import type { Habits } from '../../../lib/api/schema';
import { countryName } from '../../../lib/maps/places';
import { texts } from '../../../lib/texts';
import { shownHour } from './week';

const NAMED_MAX = 2;
/** What makes out less of somebody's activity than this is not usual. */
const USUAL_SHARE = 0.1;
const WHOLE_DAY_HOURS = 20;

type Usual = Habits['countries'][number];

/** What is usual for somebody in a sentence: `Usually from Germany, 08–19, with Chrome on macOS.`; null where too little is known. */
export function sentence(habits: Habits, now: number): string | null {
  const countries = named(habits.countries).map(countryName);
  const devices = named(habits.devices);
  const networks = countries.length === 0 && devices.length === 0 ? named(habits.token_networks) : [];
  const parts = [
    countries.length > 0 && texts.person.from(joined(countries)),
    hours(habits, now),
    devices.length > 0 && texts.person.on(joined(devices)),
    networks.length > 0 && texts.person.through(joined(networks)),
  ].filter((part): part is string => Boolean(part));
  return parts.length > 0 ? texts.person.sentence(parts) : null;
}

function hours({ hours }: Habits, now: number): string | null {
  if (!hours) return null;
  const length = (hours.to_hour - hours.from_hour + 24) % 24 || 24;
  if (length >= WHOLE_DAY_HOURS) return texts.person.allDay;
  const until = shownHour(hours.to_hour, now);
  return texts.person.hours(shownHour(hours.from_hour, now), until === '00' ? '24' : until);
}

function named(values: readonly Usual[]): string[] {
  const all = values.reduce((sum, { events }) => sum + events, 0);
  return values
    .filter(({ events }) => events >= all * USUAL_SHARE)
    .flatMap(({ name }) => (name ? [name] : []))
    .slice(0, NAMED_MAX);
}

function joined(names: readonly string[]): string {
  return names.join(` ${texts.person.and} `);
}
