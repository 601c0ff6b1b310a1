import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort, program } from './place';
import { expect, test } from './watched';

test.use({ storageState: { cookies: [], origins: [] } });

const home = mkdtempSync(join(tmpdir(), 'drishti-first-'));
let server: ChildProcess;
let simulator: ChildProcess;
let origin = '';
let asana = '';
let password = '';

/** The first line in which something is said, and that. */
async function said(lines: AsyncIterable<string>, pattern: RegExp): Promise<string> {
  for await (const line of lines) {
    const found = pattern.exec(line)?.[1];
    if (found) return found;
  }
  throw new Error(`nothing like ${String(pattern)} was said`);
}

test.beforeAll(async () => {
  const arguments_ = ['simulate', '--listen', '127.0.0.1:0', '--people', '30', '--days', '30', '--attacks', 'all'];
  simulator = spawn(program, [...arguments_, '--exit-with-stdin'], { stdio: ['pipe', 'pipe', 'ignore'] });
  asana = await said(createInterface(simulator.stdout!), /(http:\/\/[\d.:]+)/);
  const listen = `127.0.0.1:${await freePort()}`;
  origin = `http://${listen}`;
  server = spawn(resolve(program), ['serve', '--home', home, '--listen', listen], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  password = await said(createInterface(server.stderr!), /with the password (\S+);/);
  // What nobody reads any more would stop it once the pipe is full.
  server.stderr!.resume();
});

test.afterAll(async () => {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  simulator.stdin?.end();
  await ended;
  rmSync(home, { recursive: true, force: true });
});

test('from an empty installation to the first alert that is resolved', async ({ page }) => {
  test.setTimeout(240_000);
  await page.goto(origin);
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();

  await expect(page.getByText('No source yet')).toBeVisible();
  await page.getByRole('link', { name: 'Add source' }).click();
  const form = page.locator('form');
  await form.getByLabel('Name').fill('first');
  await page.getByText('More', { exact: true }).click();
  await form.getByLabel('Address of Asana’s API').fill(`${asana}/api/1.0`);
  // What is not secret outlasts a reload.
  await page.reload();
  await expect(form.getByLabel('Name')).toHaveValue('first');
  await expect(form.getByLabel('Address of Asana’s API')).toHaveValue(`${asana}/api/1.0`);
  await form.getByLabel('Token', { exact: true }).fill('simulated-token');
  await page.getByRole('button', { name: 'Add and test' }).click();
  await expect(page.getByText('Everything is there.')).toBeVisible();
  await page.getByRole('link', { name: 'To the source' }).click();
  await expect(page.getByText('past events are fetched; following new events').first()).toBeVisible({
    timeout: 120_000,
  });

  await page.getByRole('link', { name: 'Events', exact: true }).click();
  await expect(page.locator('tbody tr').first()).toBeVisible();
  await page.getByRole('link', { name: /^Alerts/ }).click();
  const rows = page.locator('[data-alert]');
  await expect(rows.first()).toBeVisible({ timeout: 120_000 });
  const id = (await rows.first().getAttribute('data-alert')) ?? '';
  await rows.first().locator('a').click();
  const article = page.locator('article');
  await expect(article.locator('h2').first()).toBeVisible();
  await article.getByRole('button', { name: 'Review' }).click();
  await expect(article.locator('.above')).toContainText('In review');
  await article.getByRole('button', { name: 'Resolve' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: 'True positive' }).check();
  await dialog.getByLabel('How do you know?').fill('they said so');
  await dialog.getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByText('1 alert resolved')).toBeVisible();
  await page.goto(`${origin}/alerts?state=resolved`);
  await expect(page.locator(`[data-alert="${id}"]`)).toBeVisible();
});
