/** How a value of an event is compared, as the builder offers it, and Sigma's modifiers for it. */
export const OPERATORS = {
  is: [],
  is_not: ['neq'],
  contains: ['contains'],
  contains_not: ['contains', 'neq'],
  contains_all: ['contains', 'all'],
  starts: ['startswith'],
  starts_not: ['startswith', 'neq'],
  ends: ['endswith'],
  ends_not: ['endswith', 'neq'],
  in_network: ['cidr'],
  not_in_network: ['cidr', 'neq'],
  matches: ['re'],
  more: ['gt'],
  at_least: ['gte'],
  less: ['lt'],
  at_most: ['lte'],
  known: ['exists'],
  unknown: ['exists'],
} as const satisfies Record<string, readonly string[]>;

export type Operator = keyof typeof OPERATORS;

/** Operators that ask whether there is a value, and so take none. */
export function isAboutPresence(operator: Operator): boolean {
  return operator === 'known' || operator === 'unknown';
}

/** Operators that take one value only. */
export function isForOne(operator: Operator): boolean {
  return ['more', 'at_least', 'less', 'at_most', 'matches'].includes(operator);
}

/** The operator that these modifiers stand for; null where the builder has none. */
export function operatorOf(modifiers: readonly string[], value: unknown): Operator | null {
  const found = (Object.keys(OPERATORS) as Operator[]).find((name) => {
    const own: readonly string[] = OPERATORS[name];
    return own.length === modifiers.length && own.every((modifier) => modifiers.includes(modifier));
  });
  if (found === 'known' || found === 'unknown') {
    if (typeof value !== 'boolean') return null;
    return value ? 'known' : 'unknown';
  }
  return found ?? null;
}

const OF_KIND: Record<string, readonly Operator[]> = {
  text: [
    'is',
    'is_not',
    'contains',
    'contains_not',
    'starts',
    'starts_not',
    'ends',
    'ends_not',
    'matches',
    'known',
    'unknown',
  ],
  number: ['is', 'is_not', 'more', 'at_least', 'less', 'at_most', 'known', 'unknown'],
  flag: ['is', 'known', 'unknown'],
  list: ['is', 'is_not', 'contains', 'contains_not', 'known', 'unknown'],
  time: ['starts', 'known', 'unknown'],
};

/** The operators that make sense for a field, and the one it has. */
export function operatorsFor(field: string, kind: string, own: Operator): Operator[] {
  const usual = OF_KIND[kind] ?? OF_KIND.text ?? [];
  const network: readonly Operator[] = field === 'context.client_ip_address' ? ['in_network', 'not_in_network'] : [];
  const numbers: readonly Operator[] = kind === 'any' ? ['more', 'at_least', 'less', 'at_most'] : [];
  const all = [...network, ...usual, ...numbers];
  return all.includes(own) ? all : [...all, own];
}
