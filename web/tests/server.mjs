// Serves the built app before a real Drishti: one that runs already (DRISHTI_URL, DRISHTI_TOKEN), or a demo that is started from
// DRISHTI_PROGRAM in a folder of its own. Nothing between the app and the program is replaced.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preview } from 'vite';

const WAIT_MILLISECONDS = 180_000;
const port = Number(process.env.PORT ?? 4180);

if (!process.env.DRISHTI_URL) await startDemo();
const server = await preview({ preview: { port, strictPort: true, host: '127.0.0.1' } });
server.printUrls();

async function startDemo() {
  const program = process.env.DRISHTI_PROGRAM ?? '../target/release/drishti';
  const home = mkdtempSync(join(tmpdir(), 'drishti-web-'));
  const url = `http://127.0.0.1:${port + 1}`;
  const demo = spawn(program, ['demo', '--home', home, '--listen', `127.0.0.1:${port + 1}`], { stdio: 'inherit' });
  const stop = () => {
    demo.kill('SIGINT');
    rmSync(home, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      stop();
      process.exit();
    });
  }
  process.on('exit', stop);
  const until = Date.now() + WAIT_MILLISECONDS;
  while (!(await hasAlerts(url, home))) {
    if (Date.now() > until || demo.exitCode !== null) throw new Error('the demo did not get ready');
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  process.env.DRISHTI_URL = url;
  process.env.DRISHTI_TOKEN = readFileSync(join(home, 'api-token'), 'utf8').trim();
}

/** Alerts come when all of the history has been collected and evaluated. */
async function hasAlerts(url, home) {
  try {
    const token = readFileSync(join(home, 'api-token'), 'utf8').trim();
    const answer = await fetch(`${url}/api/v1/alerts?limit=100`, { headers: { Authorization: `Bearer ${token}` } });
    return answer.ok && (await answer.json()).alerts.length >= 100;
  } catch {
    return false;
  }
}
