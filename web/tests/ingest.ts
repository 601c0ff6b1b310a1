import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { home, program } from './place';

/** Brings events into a source that only takes files. */
export function ingest(source: string, ...events: Record<string, unknown>[]): void {
  const file = join(home, `${source}.jsonl`);
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  execFileSync(program, ['--home', home, 'ingest', '--source', source, file], { stdio: 'ignore' });
}
