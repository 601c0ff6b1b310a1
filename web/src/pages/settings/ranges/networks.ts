/** A network as its first and last address, IPv4 apart from IPv6. */
export interface Span {
  isIpv6: boolean;
  first: bigint;
  last: bigint;
}

/** A network of a range, and the smallest one of another range that it lies in. */
export interface Overlap {
  range: string;
  network: string;
  inside: { range: string; network: string };
}

/** What a network covers; nothing where it is none that is written as the server writes them. */
export function spanOf(network: string): Span | null {
  const [address = '', prefix] = network.split('/');
  const isIpv6 = address.includes(':');
  const value = isIpv6 ? ipv6(address) : ipv4(address);
  const bits = isIpv6 ? 128 : 32;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (value === null || length < 0 || length > bits) return null;
  const size = 1n << BigInt(bits - length);
  const first = value - (value % size);
  return { isIpv6, first, last: first + size - 1n };
}

function ipv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function ipv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [before = [], after = []] = groups;
  const missing = 8 - before.length - after.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return all.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

/** Networks that lie in those of other ranges: there the smaller one speaks. */
export function overlaps(ranges: readonly { name: string; networks: readonly string[] }[]): Overlap[] {
  const all = ranges
    .flatMap(({ name, networks }) => networks.map((network) => ({ range: name, network, span: spanOf(network) })))
    .filter((each): each is { range: string; network: string; span: Span } => each.span !== null)
    .sort(
      ({ span: one }, { span: other }) =>
        Number(one.isIpv6) - Number(other.isIpv6) || order(one.first, other.first) || order(other.last, one.last),
    );
  const found: Overlap[] = [];
  const around: typeof all = [];
  for (const each of all) {
    while (around.length > 0 && !holds(around.at(-1)!.span, each.span)) around.pop();
    const other = around.findLast((outer) => outer.range !== each.range);
    if (other) {
      const inside = { range: other.range, network: other.network };
      found.push({ range: each.range, network: each.network, inside });
    }
    around.push(each);
  }
  return found;
}

function order(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function holds(outer: Span, inner: Span): boolean {
  return outer.isIpv6 === inner.isIpv6 && outer.first <= inner.first && inner.last <= outer.last;
}
