// Serves the built app before a real Drishti, with nothing between them: a demo in a folder of its own, which also gets the odd
// events of `odd.jsonl`. DRISHTI_PROGRAM names the program, DRISHTI_DEMO_PEOPLE a size (less than 400 for a slow build).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { home, port } from './home.mjs';

const WAIT_MILLISECONDS = 180_000;
const people = Number(process.env.DRISHTI_DEMO_PEOPLE ?? 400);
const ALERTS_MIN = Math.ceil(people / 4);
const program = process.env.DRISHTI_PROGRAM ?? '../target/release/drishti';
const url = `http://127.0.0.1:${port + 1}`;

rmSync(home, { recursive: true, force: true });
const listen = `127.0.0.1:${port + 1}`;
const options = ['--home', home, '--people', String(people), '--listen', listen];
const demo = spawn(program, ['demo', ...options], { stdio: 'inherit' });
process.on('exit', () => {
  demo.kill('SIGINT');
  rmSync(home, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit());

const until = Date.now() + WAIT_MILLISECONDS;
while (!(await hasAlerts())) {
  if (Date.now() > until || demo.exitCode !== null) throw new Error('the demo did not get ready');
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
try {
  execFileSync(program, ['--home', home, 'ingest', '--source', 'odd', 'tests/odd.jsonl'], { stdio: 'ignore' });
} catch {
  // One of its lines is broken, which is the point.
}

process.env.DRISHTI_URL = url;
// Where people sign in, the tests do so too.
if (!existsSync(join(home, 'login'))) process.env.DRISHTI_TOKEN = readFileSync(join(home, 'api-token'), 'utf8').trim();
const { preview } = await import('vite');
const server = await preview({ preview: { port, strictPort: true, host: '127.0.0.1' } });
server.printUrls();

/** Alerts come when all of the history has been collected and evaluated. */
async function hasAlerts() {
  if (!existsSync(join(home, 'api-token'))) return false;
  try {
    const headers = { Authorization: `Bearer ${readFileSync(join(home, 'api-token'), 'utf8').trim()}` };
    const answer = await fetch(`${url}/api/v1/alerts?limit=${ALERTS_MIN}`, { headers });
    return answer.ok && (await answer.json()).alerts.length >= ALERTS_MIN;
  } catch {
    return false;
  }
}
