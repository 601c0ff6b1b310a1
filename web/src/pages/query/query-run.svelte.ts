import { api, ask, askForFile } from '../../lib/api/client';
import { problemOf, type Problem } from '../../lib/api/problem';
import type { QueryAnswer } from '../../lib/api/schema';
import { save } from './save';

/** Rows of an answer that is shown; files may have more. */
export const ROWS_MAX = 10_000;

/** A query that is, or was, run. */
export class QueryRun {
  answer = $state.raw<QueryAnswer | null>(null);
  problem = $state.raw<Problem | null>(null);
  isRunning = $state(false);
  isCancelled = $state(false);
  /** What was asked last, whether or not there was an answer. */
  asked = $state('');
  /** What the answer that is shown is of. */
  sql = $state('');
  milliseconds = $state(0);
  #controller: AbortController | null = null;

  async run(sql: string): Promise<void> {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    this.asked = sql;
    this.isRunning = true;
    this.isCancelled = false;
    this.problem = null;
    const started = performance.now();
    try {
      const body = { sql, limit: ROWS_MAX };
      const answer = await ask(api.POST('/api/v1/query', { body, signal: controller.signal }));
      if (controller.signal.aborted) return;
      this.answer = answer;
      this.sql = sql;
      this.milliseconds = performance.now() - started;
    } catch (cause) {
      if (controller.signal.aborted) return;
      this.problem = problemOf(cause);
    }
    this.isRunning = false;
  }

  /** Ends the query: the server stops when nobody waits for the answer any more. */
  cancel(): void {
    this.#controller?.abort();
    this.isCancelled = this.isRunning;
    this.isRunning = false;
  }

  /** The whole answer as a file, for which the query is run again. */
  async take(format: 'csv' | 'jsonl' | 'parquet'): Promise<void> {
    const body = { sql: this.sql, format };
    const { blob, name } = await askForFile(api.POST('/api/v1/query/export', { body, parseAs: 'blob' }));
    save(name ?? `query.${format}`, blob);
  }
}
