/** Pages of the app. Those without `isBuilt` have their place in the navigation, but are not shown yet. */
export interface Page {
  name: string;
  path: string;
  icon: string;
  /** Second key after `g`. */
  key: string;
  isBuilt: boolean;
}

export const PAGES = [
  { name: 'overview', path: '/', icon: 'overview', key: 'o', isBuilt: true },
  { name: 'alerts', path: '/alerts', icon: 'alerts', key: 'a', isBuilt: true },
  { name: 'events', path: '/events', icon: 'events', key: 'e', isBuilt: true },
  { name: 'people', path: '/people', icon: 'people', key: 'p', isBuilt: true },
  { name: 'policies', path: '/policies', icon: 'policies', key: 'l', isBuilt: true },
  { name: 'reviews', path: '/reviews', icon: 'reviews', key: 'r', isBuilt: false },
  { name: 'licences', path: '/licences', icon: 'licences', key: 'i', isBuilt: false },
  { name: 'sources', path: '/sources', icon: 'sources', key: 's', isBuilt: true },
  { name: 'settings', path: '/settings', icon: 'settings', key: 't', isBuilt: true },
] as const satisfies readonly Page[];

export type PageName = (typeof PAGES)[number]['name'];

/** Whether a page is there to be linked to. */
export function isBuilt(name: PageName): boolean {
  return PAGES.some((page) => page.name === name && page.isBuilt);
}

/** What is reached by an address. */
export type RouteName =
  | 'overview'
  | 'alerts'
  | 'events'
  | 'query'
  | 'people'
  | 'person'
  | 'policies'
  | 'policy'
  | 'policy-new'
  | 'policy-edit'
  | 'sources'
  | 'source-new'
  | 'source'
  | 'settings'
  | 'sign-in'
  | 'nowhere';

export interface Route {
  name: RouteName;
  parameters: Record<string, string>;
}

const ROUTES: readonly [RouteName, string][] = [
  ['overview', '/'],
  ['alerts', '/alerts'],
  ['alerts', '/alerts/:id'],
  ['events', '/events'],
  ['query', '/events/sql'],
  ['people', '/people'],
  ['person', '/people/:id'],
  ['policies', '/policies'],
  ['policy-new', '/policies/new'],
  ['policy', '/policies/:name'],
  ['policy-edit', '/policies/:name/edit'],
  ['sources', '/sources'],
  ['source-new', '/sources/new'],
  ['source', '/sources/:name'],
  ['settings', '/settings'],
  ['settings', '/settings/:section'],
  ['sign-in', '/sign-in'],
];

/** The route of a path; the first that fits. */
export function routeOf(path: string): Route {
  const parts = split(path);
  for (const [name, pattern] of ROUTES) {
    const parameters = fit(split(pattern), parts);
    if (parameters) return { name, parameters };
  }
  return { name: 'nowhere', parameters: {} };
}

function split(path: string): string[] {
  return path.split('/').filter(Boolean);
}

function fit(pattern: string[], parts: string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, piece] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (piece.startsWith(':')) parameters[piece.slice(1)] = decoded(part);
    else if (piece !== part) return null;
  }
  return parameters;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
