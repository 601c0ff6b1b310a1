import { texts } from '../texts';

const locale = typeof navigator === 'undefined' ? 'en' : navigator.language;

const FORMATS = {
  dateTime: { dateStyle: 'medium', timeStyle: 'medium' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  short: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  seconds: { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  date: { day: 'numeric', month: 'short' },
  dateYear: { day: 'numeric', month: 'short', year: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

type FormatName = keyof typeof FORMATS;

/** The zone that times are shown in; the viewer's own where it is not set. */
let zone: 'UTC' | undefined;
const formats = new Map<string, Intl.DateTimeFormat>();

/** From now on times are shown in UTC, or in the viewer's own zone. */
export function showTimesInUtc(isUtc: boolean): void {
  zone = isUtc ? 'UTC' : undefined;
}

/** Whether times are shown in UTC. */
export function areTimesInUtc(): boolean {
  return zone === 'UTC';
}

function formatOf(name: FormatName, zone: 'UTC' | undefined): Intl.DateTimeFormat {
  const key = `${name} ${zone ?? ''}`;
  const known = formats.get(key);
  if (known) return known;
  const options: Intl.DateTimeFormatOptions = { ...FORMATS[name], ...(zone ? { timeZone: zone } : {}) };
  const format = new Intl.DateTimeFormat(locale, options);
  formats.set(key, format);
  return format;
}

const RELATIVE = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY_LENGTH = 24 * HOUR;

/** Beyond this a date says more than a number of days. */
const RELATIVE_MAX = 14 * DAY_LENGTH;

const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [DAY_LENGTH, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
  [SECOND, 'second'],
];

/** A time in full, in the viewer's zone or UTC, as they have chosen; as all that follow. */
export function full(time: string | number | Date): string {
  return formatted('dateTime', time);
}

export function day(time: string | number | Date): string {
  return formatted('day', time);
}

/** Day and month. */
export function date(time: string | number | Date): string {
  return formatted('date', time);
}

/** A day of the calendar, such as `2026-11-25`, in full. It is the same day in every zone. */
export function calendarDay(day: string | number | Date): string {
  return formatted('day', day, 'UTC');
}

/** The same, day and month. */
export function calendarDate(day: string | number | Date): string {
  return formatted('date', day, 'UTC');
}

/** Day, month, hour and minute. */
export function short(time: string | number | Date): string {
  return formatted('short', time);
}

/** The same with seconds, for lists of events. */
export function seconds(time: string | number | Date): string {
  return formatted('seconds', time);
}

/** A time as the records have it. */
export function utc(time: string | number | Date): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? String(time)
    : `${date.toISOString().replace('T', ' ').replace('.000Z', 'Z').replace('Z', '')} UTC`;
}

/** The moment that a time of the records means, which is in UTC where it names no zone. */
export function momentOf(time: string): number {
  const lacksZone = time.includes('T') && !/(?:Z|[+-]\d\d:?\d\d)$/.test(time);
  return Date.parse(lacksZone ? `${time}Z` : time);
}

/** How long ago, or until when, in the largest unit that fits, `3 hr. ago`; a date where that is long. */
export function relative(time: string | number | Date, now: number): string {
  const distance = new Date(time).getTime() - now;
  if (Number.isNaN(distance)) return String(time);
  if (Math.abs(distance) >= RELATIVE_MAX)
    return formatted(Math.abs(distance) < 300 * DAY_LENGTH ? 'date' : 'dateYear', time);
  for (const [length, unit] of STEPS) {
    if (Math.abs(distance) >= length) return RELATIVE.format(Math.trunc(distance / length), unit);
  }
  return RELATIVE.format(0, 'second');
}

/** A length of time in its two largest units: `3 d 4 h`. */
export function duration(length: number): string {
  const parts: [number, string][] = [
    [86_400, texts.units.day],
    [3_600, texts.units.hour],
    [60, texts.units.minute],
    [1, texts.units.second],
  ];
  let rest = Math.max(0, Math.round(length));
  const words: string[] = [];
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) words.push(`${count} ${unit}`);
    else if (words.length > 0) break;
    if (words.length === 2) break;
  }
  return words.join(' ') || `0 ${texts.units.second}`;
}

/** A moment as `<input type="datetime-local">` wants it. */
export function toField(time: string | null): string {
  const date = new Date(time ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return '';
  const offset = zone ? 0 : date.getTimezoneOffset() * MINUTE;
  return new Date(date.getTime() - offset).toISOString().slice(0, 16);
}

/** The moment that such a field means. */
export function fromField(value: string): string | null {
  const date = new Date(zone && value ? `${value}Z` : value);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function formatted(name: FormatName, time: string | number | Date, inZone = zone): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : formatOf(name, inZone).format(date);
}
