/** Weekdays begin on Monday. */
export const WEEKDAYS = 7;
export const HOURS = 24;

const HOUR_MILLISECONDS = 3_600_000;
/** 2024-01-01 was a Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1);

/** Events by weekday and hour in the viewer's zone, each event by the offset that held when it happened. */
export function byWeekdayAndHour(bars: readonly { start: string; count: number }[]): number[][] {
  const week = Array.from({ length: WEEKDAYS }, () => new Array<number>(HOURS).fill(0));
  for (const { start, count } of bars) {
    const at = new Date(start);
    const day = week[(at.getDay() + 6) % WEEKDAYS];
    const hour = at.getHours();
    if (day?.[hour] !== undefined) day[hour] += count;
  }
  return week;
}

/** Bars of an hour as bars of a day of the viewer's zone. */
export function byDay(bars: readonly { start: string; count: number }[]): { start: string; count: number }[] {
  const days = new Map<number, number>();
  for (const { start, count } of bars) {
    const day = new Date(start).setHours(0, 0, 0, 0);
    days.set(day, (days.get(day) ?? 0) + count);
  }
  return [...days].map(([day, count]) => ({ start: new Date(day).toISOString(), count }));
}

/** An hour of the day in UTC in the viewer's zone at `now`: `08`, or `08:30` in zones that lie between. */
export function localHour(utcHour: number, now: number): string {
  const at = new Date(now);
  at.setUTCHours(utcHour, 0, 0, 0);
  const pad = (value: number) => String(value).padStart(2, '0');
  return at.getMinutes() === 0 ? pad(at.getHours()) : `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** Names of the weekdays, from Monday. */
export function weekdayNames(locale: string): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: WEEKDAYS }, (_, day) =>
    format.format(new Date(A_MONDAY + day * HOURS * HOUR_MILLISECONDS)),
  );
}
