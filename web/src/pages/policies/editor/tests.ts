import type { Event } from '../../../lib/api/schema';
import { isReadable, readDocuments, written } from './documents';
import { isSeq } from 'yaml';

/** Facts that examples take of an address and of a device. */
const ADDRESS = ['country', 'region', 'city', 'latitude', 'longitude', 'asn', 'organization', 'category', 'tags'];
const DEVICE = ['browser', 'os', 'kind', 'tags'];

/** An event as an example has it: its own id and time don't matter, what was known of address and device does. */
export function exampleOf({ event, address, device }: Event): Record<string, unknown> {
  const { gid: _gid, created_at: _time, ...rest } = event as Record<string, unknown>;
  const ip = facts(address, ADDRESS);
  const agent = facts(device, DEVICE);
  return { ...withoutNothing(rest), ...(ip ? { ip } : {}), ...(agent ? { device: agent } : {}) };
}

function facts(of: object | null, names: readonly string[]): Record<string, unknown> | null {
  if (!of) return null;
  const known = Object.entries(of).filter(
    ([name, value]) => names.includes(name) && value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return known.length > 0 ? Object.fromEntries(known) : null;
}

function withoutNothing(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));
}

/** The text with one more example. */
export function withTest(text: string, name: string, fires: boolean, events: readonly unknown[]): string {
  const read = readDocuments(text);
  if (!isReadable(read)) return text;
  const { main } = read;
  const path = ['drishti', 'tests'];
  const test = main.createNode({ name, fires, events });
  const known: unknown = main.getIn(path, true);
  if (isSeq(known)) known.items.push(test);
  else main.setIn(path, main.createNode([{ name, fires, events }]));
  return written(read.all);
}

/** An example in a text, by its name. */
export interface NamedTest {
  name: string;
  fires: boolean;
}

/** The examples in a text, in their order. */
export function readTests(text: string): NamedTest[] {
  const read = readDocuments(text);
  if (!isReadable(read)) return [];
  const { drishti } = read.main.toJSON() as { drishti?: { tests?: unknown } };
  const tests = drishti?.tests;
  if (!Array.isArray(tests)) return [];
  return tests.map((test: { name?: unknown; fires?: unknown } | null) => ({
    name: String(test?.name ?? ''),
    fires: test?.fires === true,
  }));
}
