import { areTimesInUtc } from '../../../lib/format/times';

/** Weekdays begin on Monday. */
const WEEKDAYS = 7;
export const HOURS = 24;

const HOUR_MILLISECONDS = 3_600_000;
/** 2024-01-01 was a Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1);

/** Events by weekday and hour in the zone that times are shown in, each event by the offset that held when it happened. */
export function byWeekdayAndHour(bars: readonly { start: string; count: number }[]): number[][] {
  const week = Array.from({ length: WEEKDAYS }, () => new Array<number>(HOURS).fill(0));
  const isUtc = areTimesInUtc();
  for (const { start, count } of bars) {
    const at = new Date(start);
    const day = week[((isUtc ? at.getUTCDay() : at.getDay()) + 6) % WEEKDAYS];
    const hour = isUtc ? at.getUTCHours() : at.getHours();
    if (day?.[hour] !== undefined) day[hour] += count;
  }
  return week;
}

/** The midnight before a moment, in the zone that times are shown in. */
export function midnight(time: string | number): number {
  const at = new Date(time);
  return areTimesInUtc() ? at.setUTCHours(0, 0, 0, 0) : at.setHours(0, 0, 0, 0);
}

/** The midnight after a midnight: a day can have 23 or 25 hours. */
export function nextMidnight(time: number): number {
  const at = new Date(time);
  return areTimesInUtc() ? at.setUTCDate(at.getUTCDate() + 1) : at.setDate(at.getDate() + 1);
}

/** Bars of an hour as bars of a day, also of those without an event. */
export function byDay(bars: readonly { start: string; count: number }[], from: string, to: string) {
  const counts = new Map<number, number>();
  for (const { start, count } of bars) {
    const day = midnight(start);
    counts.set(day, (counts.get(day) ?? 0) + count);
  }
  const days: { start: number; count: number }[] = [];
  for (let day = midnight(from); day < Date.parse(to); day = nextMidnight(day)) {
    days.push({ start: day, count: counts.get(day) ?? 0 });
  }
  return days;
}

/** An hour of the day in UTC in the zone that times are shown in at `now`: `08`, or `08:30` in zones that lie between. */
export function shownHour(utcHour: number, now: number): string {
  const at = new Date(now);
  at.setUTCHours(utcHour, 0, 0, 0);
  const [hours, minutes] = areTimesInUtc() ? [utcHour, 0] : [at.getHours(), at.getMinutes()];
  const pad = (value: number) => String(value).padStart(2, '0');
  return minutes === 0 ? pad(hours) : `${pad(hours)}:${pad(minutes)}`;
}

/** The zone that times are shown in, as people call it. */
export function zoneName(): string {
  return areTimesInUtc() ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Names of the weekdays, from Monday. */
export function weekdayNames(locale: string): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: WEEKDAYS }, (_, day) =>
    format.format(new Date(A_MONDAY + day * HOURS * HOUR_MILLISECONDS)),
  );
}
