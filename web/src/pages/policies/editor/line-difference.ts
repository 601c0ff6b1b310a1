import type { TextDifference } from '../../../lib/api/schema';

type Line = TextDifference['lines'][number];

/** Lines that are the same and are shown around those that differ. */
const AROUND = 3;
/** Beyond this many comparisons the parts that differ are told as a whole. */
const COMPARISONS_MAX = 4_000_000;

/** How two texts differ, line by line, as the server tells it of those that it keeps. */
export function linesBetween(before: string, after: string): TextDifference {
  const [one, other] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < Math.min(one.length, other.length) && one[start] === other[start]) start += 1;
  let end = 0;
  const most = Math.min(one.length, other.length) - start;
  while (end < most && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  const same = (from: number, to: number, shift: number) =>
    one.slice(from, to).map((text, place): Line => ({
      before: from + place + 1,
      after: from + place + 1 + shift,
      text,
    }));
  const all = [
    ...same(0, start, 0),
    ...middle(one.slice(start, one.length - end), other.slice(start, other.length - end), start),
    ...same(one.length - end, one.length, other.length - one.length),
  ];
  const isShown = all.map((_, place) => all.slice(Math.max(0, place - AROUND), place + AROUND + 1).some(differs));
  return { lines: all.filter((_, place) => isShown[place]), is_truncated: false };
}

function differs({ before, after }: Line): boolean {
  return before === null || after === null;
}

/** The lines between the first and the last that differ, by the longest sequence that both have. */
function middle(one: readonly string[], other: readonly string[], start: number): Line[] {
  const kept = one.length * other.length <= COMPARISONS_MAX ? lengths(one, other) : null;
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    const [mine = '', theirs = ''] = [one[i], other[j]];
    const length = (row: number, column: number) => kept?.[row]?.[column] ?? 0;
    if (kept && i < one.length && j < other.length && mine === theirs) {
      lines.push({ before: start + i + 1, after: start + j + 1, text: mine });
      [i, j] = [i + 1, j + 1];
    } else if (i < one.length && (j === other.length || length(i + 1, j) >= length(i, j + 1))) {
      lines.push({ before: start + i + 1, after: null, text: mine });
      i += 1;
    } else {
      lines.push({ before: null, after: start + j + 1, text: theirs });
      j += 1;
    }
  }
  return lines;
}

/** How long a sequence both have from a line of each on. */
function lengths(one: readonly string[], other: readonly string[]): number[][] {
  const table = Array.from({ length: one.length + 1 }, () => Array<number>(other.length + 1).fill(0));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    const [row = [], below = []] = [table[i], table[i + 1]];
    for (let j = other.length - 1; j >= 0; j -= 1) {
      row[j] = one[i] === other[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}
