import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const port = Number(process.env.PORT ?? 4180);
/** Folder of the demo that the tests run against. */
export const home = join(tmpdir(), `drishti-web-${port}`);
