import type { Operator } from './operators';

export type Scalar = string | number | boolean | null;

/** One line of a filter: a field compared with values, of which any is enough. */
export interface Condition {
  field: string;
  operator: Operator;
  values: Scalar[];
}

/** Conditions that must all hold, under the name that Sigma has for them. */
export interface Group {
  name: string;
  conditions: Condition[];
}

/** How often it must happen within a time. */
export interface Counting {
  /** The field whose distinct values are counted; null: events. */
  distinct: string | null;
  /** The fields by which events are counted apart. */
  by: string[];
  least: number;
  /** Such as `1h`. */
  within: string;
}

/** What the builder can say of what a policy looks for. */
export interface Filter {
  /** Any of these. */
  include: Group[];
  /** None of these. */
  exclude: Group[];
  /** One of these texts, anywhere in the event; empty where that is not asked. */
  words: string[];
  counting: Counting | null;
}

/** What a policy says beside what it looks for. */
export interface Basics {
  title: string;
  name: string;
  description: string;
  severity: string;
  mode: string;
  alertTitle: string;
  runbook: string;
  tags: string[];
}

export interface Audience {
  people: string[];
  groups: string[];
  roles: string[];
}

export interface Scope {
  include: Audience;
  exclude: Audience;
}

export const SEVERITIES = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export const MODES = ['alert', 'record', 'off'] as const;

export function nobody(): Audience {
  return { people: [], groups: [], roles: [] };
}

export function emptyFilter(): Filter {
  return { include: [{ name: 'selection', conditions: [] }], exclude: [], words: [], counting: null };
}

/** A name for one more group that no other has. */
export function freeName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}
