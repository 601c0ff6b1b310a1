import { number } from '../format/numbers';
import { count } from './count';

/** Texts about questions in SQL. */
export const queryTexts = {
  query: {
    label: 'Query in SQL',
    hint: 'select … from events',
    run: 'Run',
    running: 'Running…',
    cancel: 'Cancel',
    cancelled: 'Cancelled. The server has stopped.',
    limits: 'Up to 10,000 rows (files: 100,000), 60 seconds and 512 MB of memory. Nothing can be changed.',
    tables: 'Tables and columns',
    examplesTitle: 'Examples',
    examples: {
      failed: 'Failed sign-ins by person',
      perDay: 'Events per day',
      countries: 'People seen in several countries',
      exports: 'Newest exports of content',
      idle: 'Accounts by when they were last seen',
    },
    history: 'History',
    noHistory: 'What you run is remembered in this browser.',
    share: 'Copy link',
    rows: (value: number, isTruncated: boolean) =>
      isTruncated ? `The first ${number(value)} rows` : count(value, 'row', 'rows'),
    milliseconds: (value: number) => `${number(value)} ms`,
    answer: 'Answer',
    none: 'No row.',
    noValue: 'null',
    show: 'Show as',
    kinds: { table: 'Table', number: 'Number', bar: 'Bars', line: 'Line' } as Record<string, string>,
    sort: (column: string) => `Sort by ${column}`,
    chartOf: (value: string, label: string) => (label ? `${value} by ${label}` : value),
    firstBars: (shown: number, all: number) => `The first ${number(shown)} of ${number(all)}`,
    moreLines: (value: number) => `${count(value, 'line', 'lines')} more, with less, not drawn`,
    exportAs: { csv: 'CSV, for spreadsheets', jsonl: 'JSON lines', parquet: 'Parquet' } as Record<string, string>,
  },
};
