import { createHmac } from 'node:crypto';
import type { Browser, Page } from '@playwright/test';
import { test as base } from '@playwright/test';
import { address } from './place';
import { expect, test } from './watched';

const NOBODY = { cookies: [], origins: [] };

const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
const dialog = (page: Page) => page.getByRole('dialog');

/** A name that no other run has. */
const unique = (word: string) => `${word}-${Date.now().toString(36)}`;

/** The code of an authenticator (RFC 6238), some half minutes from now. */
function code(secret: string, later = 0): string {
  const bits = [...secret].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const key = Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return ((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0');
}

async function signIn(page: Page, name: string, password: string, oneTime?: string) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  if (oneTime) {
    await page.getByLabel('Code of your authenticator app').fill(oneTime);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
}

/** Adds an operator with the app, and gives their password. */
async function addOperator(page: Page, name: string, role: string): Promise<string> {
  await page.goto('/settings/operators');
  await page.getByRole('button', { name: 'Add operator' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill(name);
  await dialog(page).getByLabel('Role').selectOption(role);
  await dialog(page).getByRole('button', { name: 'Add' }).click();
  const password = await dialog(page).locator('[data-secret]').innerText();
  await dialog(page).getByRole('button', { name: 'Close' }).last().click();
  await expect(row(page, name)).toBeVisible();
  return password;
}

async function openAs(browser: Browser, path: string, name: string, password: string): Promise<Page> {
  const page = await browser.newPage({ storageState: NOBODY });
  await page.goto(path);
  await signIn(page, name, password);
  await expect(page).toHaveURL(new RegExp(`${path}$`));
  return page;
}

test('a range is added, answers why, is changed, removed and put back', async ({ page }) => {
  const name = unique('Office <img onerror=alert(1)> ');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Add range' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill(name);
  await dialog(page).getByLabel('Networks').fill('192.0.2.0/25\n2001:db8:77::/48');
  await dialog(page).getByLabel('Country').fill('DE');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(row(page, name)).toContainText('Corporate');

  await page.getByLabel('Address', { exact: true }).fill('192.0.2.7');
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page).toHaveURL(/address=192\.0\.2\.7/);
  await expect(page.locator('.verdict')).toContainText(`counts as Corporate, says`);
  await expect(page.locator('.verdict')).toContainText(name);

  await row(page, name).getByRole('button', { name: 'Edit' }).click();
  await dialog(page).getByLabel('Category').selectOption('vpn');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  // The tester asks again by itself.
  await expect(page.locator('.verdict')).toContainText('counts as VPN');

  await row(page, name).getByRole('button', { name: 'Remove' }).click();
  await dialog(page).getByRole('button', { name: 'Remove' }).click();
  await expect(row(page, name)).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row(page, name)).toContainText('VPN');
});

test('ranges are imported from CSV, and what is wrong with it is told', async ({ page }) => {
  const name = unique('lab');
  await page.goto('/settings/ranges');
  await page.getByRole('button', { name: 'Import' }).click();
  const text = dialog(page).getByLabel('Or its text');
  await text.fill('name,colour\nx,red');
  await expect(dialog(page).getByText('The first line must name the columns')).toBeVisible();
  await text.fill(`name,network,category\n${name},198.51.100.0/25,other\n${name} east,198.51.100.0/27,vpn`);
  await expect(dialog(page).getByText('2 ranges found.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Import' }).click();
  await expect(page.getByText('2 ranges are saved')).toBeVisible();
  await expect(page.getByText(`there ${name} east speaks.`)).toBeVisible();
});

test('tables are fetched anew', async ({ page }) => {
  await page.goto('/settings/tables');
  await expect(row(page, 'tor')).toContainText('Exits of Tor');
  await page.getByRole('button', { name: 'Fetch anew' }).click();
  await expect(page.locator('.outcomes li').filter({ hasText: 'tor-exits.txt' })).toContainText('taken');
  await expect(page.getByRole('heading', { name: 'Last fetched' })).toBeVisible();
});

test('a policy is kept quiet, and told again', async ({ page }) => {
  const reason = unique('an exercise');
  await page.goto('/settings/suppressions');
  await page.getByRole('button', { name: 'Add suppression' }).click();
  await dialog(page).getByLabel('Policy').fill('asana.content_export');
  await dialog(page).getByLabel('Reason').fill(reason);
  await dialog(page).getByRole('button', { name: '7 days' }).click();
  await dialog(page).getByRole('button', { name: 'Suppress' }).click();
  await expect(row(page, reason)).toContainText('asana.content_export');
  await row(page, reason).getByRole('button', { name: 'End now' }).click();
  await dialog(page).getByRole('button', { name: 'End now' }).click();
  await expect(row(page, reason)).toHaveCount(0);
  await page.getByLabel('Also those that are over').check();
  await expect(row(page, reason)).toContainText('over');
});

test('an operator is added, signs in, sees what the role may, and is disabled', async ({ page, browser }) => {
  const name = unique('mara');
  const password = await addOperator(page, name, 'viewer');
  const theirs = await openAs(browser, '/settings/ranges', name, password);
  await expect(theirs.getByRole('button', { name: 'Add range' })).toBeDisabled();
  const asked: string[] = [];
  theirs.on('request', (request) => asked.push(request.url()));
  for (const [section, heading] of [
    ['operators', 'Operators'],
    ['tokens', 'API tokens'],
    ['audit', 'Audit trail'],
  ]) {
    await theirs.getByRole('link', { name: heading }).click();
    await expect(theirs).toHaveURL(new RegExp(`/settings/${section}$`));
    await expect(theirs.getByText('Your role (viewer) may not do this.')).toBeVisible();
  }
  expect(asked.filter((url) => /\/api\/v1\/(operators|tokens|audit)/.test(url))).toEqual([]);
  await theirs.getByRole('link', { name: 'Installation' }).click();
  await expect(theirs.getByText('Merging small files')).toBeVisible();
  await expect(theirs.getByRole('heading', { name: 'Findings' })).toHaveCount(0);

  await row(page, name).getByRole('button', { name: 'Edit' }).click();
  await dialog(page).getByLabel('May sign in').uncheck();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(row(page, name)).toContainText('disabled');
  await theirs.goto('/settings/ranges');
  await expect(theirs).toHaveURL(/\/sign-in/);
  await theirs.close();
});

test('a token is shown once, works, and is revoked', async ({ page, playwright }) => {
  const name = unique('export');
  await page.goto('/settings/tokens');
  await page.getByRole('button', { name: 'Make token' }).click();
  await dialog(page).getByLabel('Name').fill(name);
  await dialog(page).getByRole('button', { name: 'Make it' }).click();
  const secret = await dialog(page).locator('[data-secret]').innerText();
  expect(secret).toMatch(/^drishti_/);
  await dialog(page).getByRole('button', { name: 'Close' }).last().click();
  await expect(page.getByText(secret)).toHaveCount(0);

  const program = await playwright.request.newContext({
    baseURL: `http://${address}`,
    extraHTTPHeaders: { Authorization: `Bearer ${secret}` },
    storageState: NOBODY,
  });
  expect((await program.get('/api/v1/sources')).status()).toBe(200);
  expect((await program.get('/api/v1/tokens')).status()).toBe(403);
  await row(page, name).getByRole('button', { name: 'Revoke' }).click();
  await dialog(page).getByRole('button', { name: 'Revoke' }).click();
  await expect(row(page, name)).toHaveCount(0);
  expect((await program.get('/api/v1/sources')).status()).toBe(401);
  await program.dispose();
});

test('a second factor is set up, asked for, and removed', async ({ page, browser }) => {
  const name = unique('ada');
  const password = await addOperator(page, name, 'analyst');
  const theirs = await openAs(browser, '/settings/account', name, password);
  await theirs.getByRole('button', { name: 'Set up' }).click();
  await dialog(theirs).getByLabel('Password').fill(password);
  await dialog(theirs).getByRole('button', { name: 'Go on' }).click();
  await expect(theirs.getByRole('img', { name: 'QR code' })).toBeVisible();
  await theirs.getByText('No camera?').click();
  const secret = (await theirs.locator('[data-secret]').innerText()).replaceAll(' ', '');
  await theirs.getByLabel('Code of your authenticator app').fill(code(secret));
  await theirs.getByRole('button', { name: 'Confirm' }).click();
  await expect(theirs.getByText('Your second factor is on')).toBeVisible();
  await theirs.close();

  const again = await browser.newPage({ storageState: NOBODY });
  await again.goto('/settings/account');
  // The code of this half minute was taken, and each counts once.
  await signIn(again, name, password, code(secret, 1));
  await again.getByRole('button', { name: 'Remove second factor' }).click();
  await dialog(again).getByLabel('Password').fill(password);
  await dialog(again).getByRole('button', { name: 'Remove' }).click();
  await expect(again.getByText('Your second factor is removed')).toBeVisible();
  await again.close();
});

test('the own password is changed, and the session goes on', async ({ page, browser }) => {
  const name = unique('ben');
  const password = await addOperator(page, name, 'viewer');
  const theirs = await openAs(browser, '/settings/account', name, password);
  await theirs.getByLabel('Present password').fill(password);
  await theirs.getByLabel('New password', { exact: true }).fill('a much better password');
  await theirs.getByLabel('New password again').fill('something else entirely');
  await expect(theirs.getByText('The two are not the same.')).toBeVisible();
  await theirs.getByLabel('New password again').fill('a much better password');
  await theirs.getByRole('button', { name: 'Change password' }).click();
  await expect(theirs.getByText('Your password is changed')).toBeVisible();
  await theirs.reload();
  await expect(theirs.getByRole('heading', { name: 'Second factor' })).toBeVisible();
  await theirs.close();
});

test('the audit trail tells who changed what', async ({ page }) => {
  await page.goto('/settings/installation');
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog(page).getByLabel('For some days').check();
  await dialog(page).getByLabel('Days', { exact: true }).fill('3650');
  await expect(dialog(page).getByText('are removed for good')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('For 3,650 days, counted by when they happened.')).toBeVisible();
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog(page).getByLabel('For ever').check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('For ever.', { exact: true })).toBeVisible();

  await page.getByRole('link', { name: 'Audit trail' }).click();
  await page.getByLabel('Kind').selectOption('Setting');
  await expect(page).toHaveURL(/kind=setting/);
  await expect(page.locator('tbody del').first()).toHaveText('3650');
  await expect(page.locator('tbody tr').nth(1).locator('ins')).toHaveText('3650');
  await expect(page.locator('tbody tr').first()).toContainText('admin');
});

test('findings say what to do', async ({ page }) => {
  await page.goto('/settings/installation');
  await expect(page.getByText('source odd, quarantine')).toBeVisible();
  await page.getByRole('button', { name: 'Look again, and ask Asana' }).click();
  await expect(page.getByText('source demo, audit_log')).toBeVisible({ timeout: 30_000 });
});

test('times are shown in UTC where that is chosen', async ({ page }) => {
  await page.goto('/settings/appearance');
  await page.getByLabel('In UTC').check();
  await page.goto('/events');
  const time = page.locator('tbody td').first();
  const at = /(\d\d:\d\d:\d\d)/.exec((await time.getAttribute('title')) ?? '')?.[1] ?? 'no time';
  await expect(time).toContainText(at);
});

test('a view is shared, seen by others, and changed by its owner only', async ({ page, browser }) => {
  const [name, view] = [unique('eve'), unique('High <b>')];
  const password = await addOperator(page, name, 'analyst');
  await page.goto('/alerts?severity=high');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByLabel('Name of the view').fill(view);
  await page.getByLabel('Everybody sees it').check();
  await page.getByRole('button', { name: 'Save this view' }).click();
  await expect(page.getByText(`“${view}” is saved`)).toBeVisible();

  const theirs = await openAs(browser, '/alerts', name, password);
  await theirs.getByRole('button', { name: 'Open', exact: true }).click();
  await theirs.getByRole('button', { name: view, exact: true }).click();
  await expect(theirs).toHaveURL(/severity=high/);
  await theirs.getByRole('button', { name: view, exact: true }).click();
  await expect(theirs.getByRole('button', { name: `Remove the view ${view}` })).toHaveCount(0);
  await theirs.close();

  await page.getByRole('button', { name: view, exact: true }).click();
  await page.getByRole('button', { name: `Keep the view ${view} to yourself` }).click();
  await expect(page.getByText(`Only you see “${view}” now`)).toBeVisible();
  await page.getByRole('button', { name: `Remove the view ${view}` }).click();
  await expect(page.getByText(`“${view}” is removed`)).toBeVisible();
});

test('sections are found by the palette', async ({ page }) => {
  await page.goto('/');
  await page.locator('main h1').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('audit');
  await page.locator('[role=option]').filter({ hasText: 'Audit trail' }).click();
  await expect(page).toHaveURL(/\/settings\/audit$/);
  await page.goto('/settings/nothing');
  await expect(page.getByText('There is no page at this address.').last()).toBeVisible();
});

// Not watched: a refusal is an error on the browser's console.
base('a range that was changed meanwhile is not overwritten', async ({ page, context }) => {
  const name = unique('vpn');
  const headers = { 'X-Requested-With': 'drishti' };
  const range = { name, networks: ['203.0.113.64/26'], category: 'vpn' };
  const made = await context.request.post('/api/v1/ranges', { headers, data: range });
  expect(made.ok(), await made.text()).toBe(true);
  await page.goto('/settings/ranges');
  await row(page, name).getByRole('button', { name: 'Edit' }).click();
  const other = { ...range, category: 'other' };
  await context.request.put(`/api/v1/ranges/${encodeURIComponent(name)}`, { headers, data: other });
  await dialog(page).getByLabel('Category').selectOption('risky');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Somebody else changed this meanwhile.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Reload' }).click();
  await expect(row(page, name)).toContainText('Other');
});

test('a view of events is kept, without what was open', async ({ page }) => {
  const view = unique('Exports');
  await page.goto('/events?event_type=workspace_export_started&last=90d');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByLabel('Name of the view').fill(view);
  await page.getByRole('button', { name: 'Save this view' }).click();
  await expect(page.getByText(`“${view}” is saved`)).toBeVisible();
  await page.goto('/events?event=1');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('button', { name: view, exact: true }).click();
  await expect(page).toHaveURL(/\/events\?event_type=workspace_export_started&last=90d$/);
});
