const locale = typeof navigator === 'undefined' ? 'en' : navigator.language;
const WHOLE = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const EXACT = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const UNROUNDED = new Intl.NumberFormat(locale, { maximumFractionDigits: 20, useGrouping: 'min2' });
const COMPACT = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });

/** A number with its groups, and a fraction only where it is small enough to matter. */
export function number(value: number): string {
  return (Math.abs(value) >= 100 ? WHOLE : EXACT).format(value);
}

/** A number with all its digits. Those of four are not grouped, since they may be years. */
export function whole(value: number): string {
  return UNROUNDED.format(value);
}

/** A number for a narrow place: `12.3K`. */
export function compact(value: number): string {
  return COMPACT.format(value);
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${EXACT.format(Math.round(size * 10) / 10)} ${units[unit]}`;
}
