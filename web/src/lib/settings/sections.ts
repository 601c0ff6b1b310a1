import type { Right } from '../session.svelte';

/** Sections of the settings: their address below `/settings`, and what somebody needs to see them. */
export interface Section {
  name: string;
  group: string;
  right?: Right;
}

export const SECTIONS = [
  { name: 'ranges', group: 'detection', right: 'read_all' },
  { name: 'tables', group: 'detection', right: 'read_all' },
  { name: 'suppressions', group: 'detection', right: 'read_all' },
  { name: 'operators', group: 'access', right: 'administer' },
  { name: 'tokens', group: 'access', right: 'administer' },
  { name: 'audit', group: 'access', right: 'audit' },
  { name: 'installation', group: 'installation', right: 'read_all' },
  { name: 'account', group: 'you' },
  { name: 'appearance', group: 'you' },
] as const satisfies readonly Section[];

export type SectionName = (typeof SECTIONS)[number]['name'];

/** The groups in their order, each with its sections. */
export const GROUPS = [...new Set(SECTIONS.map((section) => section.group))].map((group) => ({
  group,
  sections: SECTIONS.filter((section) => section.group === group) as readonly (Section & { name: SectionName })[],
}));

export function isSection(name: string | undefined): name is SectionName {
  return SECTIONS.some((section) => section.name === name);
}
