import type { SourceCoverage } from '../api/schema';
import { isoDay } from '../charts/days';

const DAY_MILLISECONDS = 86_400_000;

export interface CoveredDay {
  day: string;
  /** Which part of the day is complete, 0 to 1; of today only what is over. */
  share: number;
}

/** Which days of a source are complete, from its first known moment until now. */
export function coveredDays(coverage: SourceCoverage, now: number): CoveredDay[] {
  const first = firstMoment(coverage);
  if (first === null) return [];
  const days: CoveredDay[] = [];
  for (let start = Math.floor(first / DAY_MILLISECONDS) * DAY_MILLISECONDS; start < now; start += DAY_MILLISECONDS) {
    const from = Math.max(start, first);
    const to = Math.min(start + DAY_MILLISECONDS, now);
    const missing = coverage.gaps.reduce(
      (sum, gap) => sum + Math.max(0, Math.min(to, Date.parse(gap.end)) - Math.max(from, Date.parse(gap.start))),
      0,
    );
    days.push({ day: isoDay(start), share: to > from ? 1 - missing / (to - from) : 1 });
  }
  return days;
}

/** Which part of all that is known is complete. */
export function coveredShare(coverage: SourceCoverage, now: number): number | null {
  const first = firstMoment(coverage);
  if (first === null || now <= first) return null;
  return Math.max(0, 1 - (coverage.gap_seconds * 1000) / (now - first));
}

function firstMoment({ complete, gaps }: SourceCoverage): number | null {
  const starts = [...complete, ...gaps].map(({ start }) => Date.parse(start));
  return starts.length > 0 ? Math.min(...starts) : null;
}

/** A share without promising more than is there: 99.99 % is not yet all. */
export function percent(share: number): string {
  if (share >= 1) return '100 %';
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
