/** A span of time as it stands in an address: `last=7d`, or `from` and `to`. */
export interface Range {
  last: string | null;
  from: string | null;
  to: string | null;
}

export const PRESETS = ['1h', '24h', '7d', '30d', '90d'] as const;

const LENGTHS: Record<string, number> = { h: 3_600_000, d: 86_400_000 };

export function rangeOf(query: URLSearchParams): Range {
  const last = query.get('last');
  return {
    last: last && presetLength(last) ? last : null,
    from: moment(query.get('from')),
    to: moment(query.get('to')),
  };
}

/** The two moments; those of a preset go by `now`. */
export function momentsOf(range: Range, now: number): { from?: string; to?: string } {
  const length = range.last ? presetLength(range.last) : null;
  if (length) return { from: new Date(now - length).toISOString() };
  return { from: range.from ?? undefined, to: range.to ?? undefined };
}

export function presetLength(preset: string): number | null {
  const found = /^(\d{1,4})([hd])$/.exec(preset);
  return found ? Number(found[1]) * (LENGTHS[found[2] ?? ''] ?? 0) || null : null;
}

function moment(text: string | null): string | null {
  const date = new Date(text ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
