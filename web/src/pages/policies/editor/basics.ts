import { isReadable, put, readDocuments, textAt, textsAt, written } from './documents';
import { nobody, type Basics, type Scope } from './model';

/** What a text says beside what it looks for; null where it can't be read. */
export function readBasics(text: string): Basics | null {
  const read = readDocuments(text);
  if (!isReadable(read)) return null;
  const { main } = read;
  return {
    title: textAt(main, 'title'),
    name: textAt(main, 'drishti', 'name'),
    description: textAt(main, 'description'),
    severity: textAt(main, 'level') || 'medium',
    mode: textAt(main, 'drishti', 'mode') || 'alert',
    alertTitle: textAt(main, 'drishti', 'title'),
    runbook: textAt(main, 'drishti', 'runbook'),
    tags: textsAt(main, 'tags'),
  };
}

const PLACES: Record<keyof Basics, readonly string[]> = {
  title: ['title'],
  name: ['drishti', 'name'],
  description: ['description'],
  severity: ['level'],
  mode: ['drishti', 'mode'],
  alertTitle: ['drishti', 'title'],
  runbook: ['drishti', 'runbook'],
  tags: ['tags'],
};

/** The text with one of them said otherwise; empty ones that need not be there are taken away. */
export function writeBasic<Name extends keyof Basics>(text: string, name: Name, value: Basics[Name]): string {
  const read = readDocuments(text);
  if (!isReadable(read)) return text;
  const isNeeded = name === 'title' || name === 'name';
  put(read.main, PLACES[name], value.length === 0 && !isNeeded ? undefined : value);
  return written(read.all);
}

export function readScope(text: string): Scope {
  const read = readDocuments(text);
  if (!isReadable(read)) return { include: nobody(), exclude: nobody() };
  const audience = (side: string) => ({
    people: textsAt(read.main, 'drishti', 'scope', side, 'people'),
    groups: textsAt(read.main, 'drishti', 'scope', side, 'groups'),
    roles: textsAt(read.main, 'drishti', 'scope', side, 'roles'),
  });
  return { include: audience('include'), exclude: audience('exclude') };
}

export function writeScope(text: string, scope: Scope): string {
  const read = readDocuments(text);
  if (!isReadable(read)) return text;
  const sides = Object.entries(scope).map(([side, audience]): [string, object] => [
    side,
    Object.fromEntries(Object.entries(audience).filter(([, names]) => (names as string[]).length > 0)),
  ]);
  const said = Object.fromEntries(sides.filter(([, audience]) => Object.keys(audience).length > 0));
  put(read.main, ['drishti', 'scope'], Object.keys(said).length > 0 ? said : undefined);
  return written(read.all);
}

/** The name of the detector of an anomaly policy, and the parameters that the text gives. */
export function readDetector(text: string): { name: string; parameters: Record<string, unknown> } | null {
  const read = readDocuments(text);
  if (!isReadable(read)) return null;
  const name = textAt(read.main, 'drishti', 'detector');
  if (!name) return null;
  const said = (read.main.toJSON() as { drishti?: { parameters?: unknown } }).drishti?.parameters;
  return { name, parameters: typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {} };
}

export function writeParameter(text: string, name: string, value: unknown): string {
  const read = readDocuments(text);
  if (!isReadable(read)) return text;
  put(read.main, ['drishti', 'parameters', name], value);
  return written(read.all);
}

/** The text as another policy: a name and an id of its own. */
export function asCopy(text: string, name: string, title: string): string {
  const read = readDocuments(text);
  if (!isReadable(read)) return text;
  for (const document of read.all) if (document.has('id')) put(document, ['id'], newId());
  put(read.main, ['title'], title);
  put(read.main, ['drishti', 'name'], name);
  return written(read.all);
}

/** A random UUID. `crypto.randomUUID` is not there on a page without TLS. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A name for a policy of this title: `Exports at night` becomes `own.exports_at_night`. */
export function nameFor(title: string): string {
  const plain = title.normalize('NFKD').toLowerCase();
  const name = plain.replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '');
  return `own.${name.slice(0, 80) || 'policy'}`;
}

/** The text of a policy that looks for nothing yet. */
export function blank(title: string): string {
  return [
    `title: ${JSON.stringify(title)}`,
    `id: ${newId()}`,
    'status: experimental',
    'logsource: {product: asana, service: audit}',
    'detection:',
    '  selection: {}',
    '  condition: selection',
    'level: medium',
    'drishti:',
    `  name: ${nameFor(title)}`,
    '',
  ].join('\n');
}
