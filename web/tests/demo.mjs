// Starts the demo that the tests look at, in a folder that goes with it.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const [program, home, address] = process.argv.slice(2);
const demo = spawn(program, ['demo', '--home', home, '--listen', address], { stdio: 'inherit' });
demo.on('exit', (code) => process.exit(code ?? 1));
process.on('exit', () => {
  demo.kill('SIGINT');
  rmSync(home, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit());
