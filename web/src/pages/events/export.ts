import { api, ask } from '../../lib/api/client';
import { listed, type ListedEvent } from '../../lib/events/asana';
import { csv } from '../../lib/format/csv';
import { texts } from '../../lib/texts';
import { COLUMNS } from './columns';
import { eventQuery, type EventFilters } from './filters';

export type FileKind = 'CSV' | 'JSONL';

/** Most events of a file that is made here; more are for SQL over the lake. */
export const EXPORT_MAX = 20_000;
const PAGE_SIZE = 500;

/** All events that fit, page by page, up to [`EXPORT_MAX`]. */
export async function fetchAll(filters: EventFilters, progress: (count: number) => void): Promise<ListedEvent[]> {
  const query = { ...eventQuery(filters, Date.now()), limit: PAGE_SIZE };
  const events: ListedEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(api.GET('/api/v1/events', { params: { query: { ...query, cursor } } }));
    events.push(...page.events.map(listed));
    cursor = page.next_cursor ?? undefined;
    progress(events.length);
  } while (cursor && events.length < EXPORT_MAX);
  return events.slice(0, EXPORT_MAX);
}

export function fileOf(kind: FileKind, events: readonly ListedEvent[]): string {
  if (kind === 'JSONL') return events.map(({ event }) => `${JSON.stringify(event)}\n`).join('');
  const header = COLUMNS.map(({ id }) => texts.events.columnNames[id] ?? id);
  return csv(
    header,
    events.map((event) => COLUMNS.map(({ full }) => full(event))),
  );
}

export function download(kind: FileKind, content: string): void {
  const type = kind === 'CSV' ? 'text/csv' : 'application/x-ndjson';
  const url = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `events-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${kind.toLowerCase()}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
