import { actorName, address, resourceName, text, type ListedEvent } from '../../lib/events/asana';
import { agentInShort } from '../../lib/format/agent';
import { seconds } from '../../lib/format/times';
import { words } from '../../lib/format/words';
import { isTexts, remembered } from '../../lib/storage';

/** A column of the list of events: what is shown, and what goes into files. */
export interface Column {
  id: string;
  width: number;
  isMono?: boolean;
  shown: (event: ListedEvent) => string | null;
  /** In full, where the list shortens it. */
  full: (event: ListedEvent) => string | null;
}

function plain(id: string, width: number, value: (event: ListedEvent) => string | null, isMono = false): Column {
  return { id, width, isMono, shown: value, full: value };
}

function wordy(id: string, width: number, value: (event: ListedEvent) => string | null): Column {
  return { id, width, shown: (event) => inWords(value(event)), full: value };
}

/** Room for seconds of a clock of twelve hours. */
const TIME_WIDTH = 184;

export const COLUMNS: readonly Column[] = [
  { id: 'time', width: TIME_WIDTH, shown: ({ time }) => seconds(time), full: ({ time }) => time },
  wordy('type', 220, ({ type }) => type),
  wordy('category', 120, ({ event }) => text(event, 'event_category')),
  plain('actor', 160, ({ event }) => actorName(event)),
  plain('email', 210, ({ event }) => text(event, 'actor', 'email')),
  plain('resource', 220, ({ event }) => resourceName(event)),
  wordy('resource_type', 110, ({ event }) => text(event, 'resource', 'resource_type')),
  plain('ip', 145, ({ event }) => address(event), true),
  {
    id: 'agent',
    width: 150,
    shown: ({ event }) => shortAgent(text(event, 'context', 'user_agent')),
    full: ({ event }) => text(event, 'context', 'user_agent'),
  },
  wordy('context', 90, ({ event }) => text(event, 'context', 'context_type')),
  wordy('method', 150, ({ event }) => text(event, 'context', 'api_authentication_method')),
  plain('app', 140, ({ event }) => text(event, 'context', 'oauth_app_name')),
  plain('source', 90, ({ source }) => source),
  {
    id: 'collected',
    width: TIME_WIDTH,
    shown: ({ entry }) => seconds(entry.collected_at),
    full: ({ entry }) => entry.collected_at,
  },
  plain('gid', 150, ({ gid }) => gid, true),
];

const USUAL = ['time', 'type', 'actor', 'resource', 'ip', 'agent'];
export const STORED = 'event-columns';

/** The columns that the address names, else those chosen last, else the usual ones; in the order of all. */
export function chosenColumns(query: URLSearchParams): Column[] {
  const named = query.get('columns')?.split(',') ?? remembered(STORED, USUAL, isTexts);
  const chosen = COLUMNS.filter(({ id }) => named.includes(id));
  return chosen.length > 0 ? chosen : COLUMNS.filter(({ id }) => USUAL.includes(id));
}

function inWords(name: string | null): string | null {
  return name === null ? null : words(name);
}

function shortAgent(agent: string | null): string | null {
  return agent === null ? null : agentInShort(agent);
}
