import { eventQuery, type EventFilters } from './filters';

/** Most events of one file; the server makes none of more. */
export const EXPORT_MAX = 1_000_000;

export const EXPORT_FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Where the server gives the events that fit as a file. */
export function exportAddress(filters: EventFilters, format: ExportFormat, now: number): string {
  const parameters = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(eventQuery(filters, now))) {
    for (const each of [value ?? []].flat()) parameters.append(name, each);
  }
  return `/api/v1/events/export?${parameters.toString()}`;
}
