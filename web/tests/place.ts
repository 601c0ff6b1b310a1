import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Found out once, by the process that reads the configuration first; its workers have it by their environment.
process.env.DRISHTI_WEB_HOME ??= mkdtempSync(join(tmpdir(), 'drishti-web-'));
process.env.DRISHTI_WEB_PORT ??= String(await freePort());

/** The folder of the installation that the tests look at. */
export const home = process.env.DRISHTI_WEB_HOME;

/** Where it answers. */
export const address = `127.0.0.1:${process.env.DRISHTI_WEB_PORT}`;

/** The program that is tried. */
export const program = process.env.DRISHTI_PROGRAM ?? '../target/release/drishti';

/** Where a browser that is signed in is remembered. */
export const signedIn = join(home, 'signed-in.json');

/** The secret in a file of the installation: `login` or `api-token`. */
export function secret(file: string): string {
  return readFileSync(join(home, file), 'utf8').trim();
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : 0));
    });
  });
}
