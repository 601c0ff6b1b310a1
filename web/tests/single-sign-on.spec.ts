import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { freePort, program } from './place';
import { startProvider, type Provider } from './provider';
import { expectAccessible } from './watched';

test.use({ storageState: { cookies: [], origins: [] } });

const home = mkdtempSync(join(tmpdir(), 'drishti-sso-'));
let provider: Provider;
let server: ChildProcess;
let origin = '';

test.beforeAll(async () => {
  provider = await startProvider();
  const listen = `127.0.0.1:${await freePort()}`;
  origin = `http://${listen}`;
  const text = `
[server]
public_url = "${origin}"
[server.openid]
issuer = "${provider.issuer}"
client_id = "drishti"
add_operators = true
display = "Sign in with Example 🔑 <img onerror=alert(1)>"
roles = { soc = "analyst" }
`;
  writeFileSync(join(home, 'drishti.toml'), text);
  server = spawn(resolve(program), ['serve', '--home', home, '--listen', listen], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(server.stdout!, 'data');
});

test.afterAll(() => {
  server.kill('SIGTERM');
  provider.stop();
  rmSync(home, { recursive: true, force: true });
});

test('somebody comes back from the provider to where they wanted to go', async ({ page }) => {
  provider.claims = { email: 'mara@example.com', email_verified: true, name: 'Mara K.', groups: ['soc'] };
  await page.goto(`${origin}/alerts?state=all`);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Sign in with Example' }).click();
  await page.getByRole('link', { name: 'Continue' }).click();
  await expect(page).toHaveURL(`${origin}/alerts?state=all`);
  const session = await page.request.get(`${origin}/api/v1/session`);
  expect((await session.json()).operator).toMatchObject({ name: 'mara@example.com', role: 'analyst' });
  await page.reload();
  await expect(page).toHaveURL(`${origin}/alerts?state=all`);
});

test('whoever is not let in is told why', async ({ page }) => {
  provider.claims = { email: 'ben@example.com', email_verified: true, groups: [] };
  await page.goto(`${origin}/sign-in`);
  await page.getByRole('link', { name: 'Sign in with Example' }).click();
  await page.getByRole('link', { name: 'Continue' }).click();
  await expect(page.getByText('None of your groups has access')).toBeVisible();
  await expectAccessible(page);
  provider.refuses = true;
  await page.getByRole('link', { name: 'Sign in with Example' }).click();
  await page.getByRole('link', { name: 'Continue' }).click();
  await expect(page.getByText('The sign-in provider did not let you in.')).toBeVisible();
  // A word that nobody knows is not shown.
  await page.goto(`${origin}/sign-in?failure=call%20%2B1%20555`);
  await expect(page.getByText('Signing in failed.')).toBeVisible();
});
