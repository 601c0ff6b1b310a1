import { texts } from '../texts';

const PROGRAMS: readonly [RegExp, string][] = [
  [/AsanaDesktop/i, 'Asana desktop'],
  [/Asana[/ ].*(iPhone|iOS|Android)/i, 'Asana mobile'],
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Version\/[\d.]+.*Safari\//, 'Safari'],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad|iOS/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|macOS|darwin/i, 'macOS'],
  [/Linux|X11/, 'Linux'],
];

/** A user agent in a few words, `Chrome on macOS`; the first word of it where it is not known. */
export function agentInShort(agent: string): string {
  const program = PROGRAMS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  if (program && system) return texts.programOn(program, system);
  return program ?? agent.split(/[\s(;]/, 1)[0] ?? agent;
}
