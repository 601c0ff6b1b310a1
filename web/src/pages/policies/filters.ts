import type { PolicySummary } from '../../lib/api/schema';
import { words } from '../../lib/format/words';

/** What may be chosen of a list of policies, in the order in which it is shown. */
export const FACETS = ['state', 'mode', 'kind', 'severity', 'origin', 'tactic'] as const;
export type FacetName = (typeof FACETS)[number];

export const ORDERS = ['title', 'matches', 'noise', 'severity'] as const;
export type Order = (typeof ORDERS)[number];

/** Which policies are listed, as it stands in the address. */
export interface PolicyFilters {
  text: string;
  chosen: Record<FacetName, string[]>;
  order: Order;
}

/** A policy with what it came to. */
export interface ListedPolicy {
  policy: PolicySummary;
  /** Matches on each of the last days, the oldest first. */
  days: number[];
  matches: number;
  weekMatches: number;
  alerts: number;
  capped: number;
  resolved: number;
  /** Resolved as benign or false positive. */
  quiet: number;
}

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'informational'];
const VALUES: Partial<Record<FacetName, readonly string[]>> = {
  state: ['paused', 'capped', 'noisy', 'silent', 'changed'],
  mode: ['alert', 'record', 'off'],
  kind: ['activity', 'anomaly'],
  severity: SEVERITIES,
  origin: ['shipped', 'own', 'file'],
};

/** Half of what was resolved was nothing, and that is no accident. */
const NOISY_SHARE = 0.5;
const NOISY_RESOLVED_MIN = 3;

export function policyFilters(query: URLSearchParams): PolicyFilters {
  const order = query.get('order') as Order;
  return {
    text: query.get('text') ?? '',
    chosen: Object.fromEntries(FACETS.map((facet) => [facet, query.getAll(facet).filter(Boolean)])) as Record<
      FacetName,
      string[]
    >,
    order: ORDERS.includes(order) ? order : 'title',
  };
}

export function isNarrowed({ text, chosen }: PolicyFilters): boolean {
  return text !== '' || FACETS.some((facet) => chosen[facet].length > 0);
}

/** The tactics of ATT&CK among the tags: `attack.t1530` is a technique, `attack.g0016` a group. */
export function tacticsOf({ tags }: PolicySummary): string[] {
  const names = tags.filter((tag) => tag.startsWith('attack.')).map((tag) => tag.slice('attack.'.length));
  return names.filter((name) => !/^[a-z]\d/.test(name));
}

export function tacticName(tactic: string): string {
  return words(tactic.replaceAll('-', '_'));
}

/** The share of resolved alerts that were nothing; null where none is resolved. */
export function noise({ quiet, resolved }: ListedPolicy): number | null {
  return resolved > 0 ? quiet / resolved : null;
}

function valuesOf(listed: ListedPolicy, facet: FacetName): string[] {
  const { policy } = listed;
  switch (facet) {
    case 'state':
      return statesOf(listed);
    case 'tactic':
      return tacticsOf(policy);
    default:
      return [policy[facet]];
  }
}

function statesOf(listed: ListedPolicy): string[] {
  const { policy, matches, capped, resolved } = listed;
  const isNoisy = resolved >= NOISY_RESOLVED_MIN && (noise(listed) ?? 0) >= NOISY_SHARE;
  return [
    ...(policy.paused ? ['paused'] : []),
    ...(capped > 0 ? ['capped'] : []),
    ...(isNoisy ? ['noisy'] : []),
    ...(matches === 0 && policy.mode !== 'off' ? ['silent'] : []),
    ...(policy.is_changed ? ['changed'] : []),
  ];
}

function hasText({ policy }: ListedPolicy, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return !wanted || [policy.title, policy.name, ...policy.tags].some((each) => each.toLowerCase().includes(wanted));
}

function fits(listed: ListedPolicy, { text, chosen }: PolicyFilters, except?: FacetName): boolean {
  if (!hasText(listed, text)) return false;
  return FACETS.every((facet) => {
    const wanted = chosen[facet];
    return facet === except || wanted.length === 0 || valuesOf(listed, facet).some((value) => wanted.includes(value));
  });
}

/** The values of a facet with how many policies a choice of each would show. */
export function facetCounts(all: readonly ListedPolicy[], filters: PolicyFilters, facet: FacetName) {
  const counts = new Map<string, number>((VALUES[facet] ?? []).map((value) => [value, 0]));
  for (const listed of all) {
    const isShown = fits(listed, filters, facet);
    for (const value of valuesOf(listed, facet)) counts.set(value, (counts.get(value) ?? 0) + (isShown ? 1 : 0));
  }
  const values = [...counts].map(([value, count]) => ({ value, count }));
  const isFixed = VALUES[facet] !== undefined;
  return isFixed ? values : values.sort((a, b) => tacticName(a.value).localeCompare(tacticName(b.value)));
}

/** The policies that fit, in the order that was asked for. */
export function shown(all: readonly ListedPolicy[], filters: PolicyFilters): ListedPolicy[] {
  const rank: Record<Order, (listed: ListedPolicy) => number> = {
    title: () => 0,
    matches: ({ matches }) => -matches,
    noise: (listed) => -(noise(listed) ?? -1),
    severity: ({ policy }) => SEVERITIES.indexOf(policy.severity),
  };
  const ranked = rank[filters.order];
  return all
    .filter((listed) => fits(listed, filters))
    .sort((a, b) => ranked(a) - ranked(b) || a.policy.title.localeCompare(b.policy.title));
}
