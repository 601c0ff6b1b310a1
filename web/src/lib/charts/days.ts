const DAY_MILLISECONDS = 86_400_000;

export interface DayCounts {
  /** `2026-11-25`, UTC. */
  day: string;
  counts: Record<string, number>;
}

/** The last days (UTC), the oldest first. */
export function lastDays(count: number, now: number): string[] {
  const today = Math.floor(now / DAY_MILLISECONDS);
  return Array.from({ length: count }, (_, place) => isoDay((today - count + 1 + place) * DAY_MILLISECONDS));
}

export function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** First moment of a day, and of the one after. */
export function boundsOf(day: string): { from: string; to: string } {
  const from = Date.parse(`${day}T00:00:00Z`);
  return { from: new Date(from).toISOString(), to: new Date(from + DAY_MILLISECONDS).toISOString() };
}
