import { isTexts, remember, remembered } from '../../lib/storage';

const STORED = 'queries';
const KEPT_MAX = 30;

/** The queries that were run in this browser, the last first. */
export function pastQueries(): string[] {
  return remembered(STORED, [], isTexts);
}

export function keepQuery(sql: string): string[] {
  const kept = [sql, ...pastQueries().filter((each) => each !== sql)].slice(0, KEPT_MAX);
  remember(STORED, kept);
  return kept;
}
