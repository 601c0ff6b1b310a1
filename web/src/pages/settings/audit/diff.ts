/** One part of something, before and after a change; nothing where it was not there. */
export interface Change {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

/** What differs between two pieces of JSON, part by part. Lists are compared as a whole. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const one = flat(before);
  const other = flat(after);
  return [...new Set([...one.keys(), ...other.keys()])]
    .map((path) => ({ path, before: one.get(path), after: other.get(path) }))
    .filter((change) => change.before !== change.after);
}

function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === null || value === undefined) {
    if (path && value === null) into.set(path, 'null');
  } else if (typeof value === 'object' && !Array.isArray(value)) {
    for (const [key, part] of Object.entries(value)) flat(part, path ? `${path}.${key}` : key, into);
  } else {
    into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return into;
}
