/** Why a policy spoke. The API gives it as an object whose parts may be missing. */
export interface Explanation {
  expected: string;
  seen: string;
  comparisons: Comparison[];
  notSuppressed: string[];
  rarity: Rarity[];
}

export interface Comparison {
  what: string;
  seen: number;
  limit: number;
}

export interface Rarity {
  attribute: string;
  value: string;
  person: number | null;
  organisation: number | null;
}

export function explanationOf(value: unknown): Explanation {
  const given = isObject(value) ? value : {};
  return {
    expected: textOf(given.expected),
    seen: textOf(given.seen),
    comparisons: listOf(given.comparisons).flatMap((each) =>
      typeof each.seen === 'number' && typeof each.limit === 'number'
        ? [{ what: textOf(each.what), seen: each.seen, limit: each.limit }]
        : [],
    ),
    notSuppressed: Array.isArray(given.not_suppressed) ? given.not_suppressed.map(textOf).filter(Boolean) : [],
    rarity: listOf(given.rarity).map((each) => ({
      attribute: textOf(each.attribute),
      value: textOf(each.value),
      person: numberOf(each.person_last_seen_days),
      organisation: numberOf(each.organisation_last_seen_days),
    })),
  };
}

export function isEmpty(explanation: Explanation): boolean {
  const { expected, seen, comparisons, notSuppressed, rarity } = explanation;
  return !expected && !seen && comparisons.length + notSuppressed.length + rarity.length === 0;
}

/** Widths of the two bars, in parts of the longer one. */
export function bars({ seen, limit }: Comparison): { seen: number; limit: number } {
  const longest = Math.max(Math.abs(seen), Math.abs(limit)) || 1;
  return { seen: Math.abs(seen) / longest, limit: Math.abs(limit) / longest };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
