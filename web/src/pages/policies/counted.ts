import type { PolicyCounts, PolicyList } from '../../lib/api/schema';
import type { ListedPolicy } from './filters';

/** Days of which matches are shown. */
export const DAYS = 30;
const WEEK = 7;

/** The policies of a list with their counts. */
export function joined(list: PolicyList, { counts, verdicts }: PolicyCounts, days: readonly string[]): ListedPolicy[] {
  const byPolicy = new Map<string, ListedPolicy>();
  for (const policy of list.policies) {
    byPolicy.set(policy.name, {
      policy,
      days: days.map(() => 0),
      matches: 0,
      weekMatches: 0,
      alerts: 0,
      capped: 0,
      resolved: 0,
      quiet: 0,
    });
  }
  for (const { policy, day, matches, alerts, capped } of counts) {
    const listed = byPolicy.get(policy);
    const place = days.indexOf(day);
    if (!listed || place < 0) continue;
    listed.days[place] = matches;
    listed.matches += matches;
    listed.alerts += alerts;
    listed.capped += capped;
    if (place >= days.length - WEEK) listed.weekMatches += matches;
  }
  for (const { policy, true_positive, benign, false_positive } of verdicts) {
    const listed = byPolicy.get(policy);
    if (!listed) continue;
    listed.quiet = benign + false_positive;
    listed.resolved = listed.quiet + true_positive;
  }
  return [...byPolicy.values()];
}
