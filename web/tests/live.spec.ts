import type { APIRequestContext, Page } from '@playwright/test';
import { secret } from './place';
import { expect, test } from './watched';

const NOBODY = { cookies: [], origins: [] };
const OWN = { 'X-Requested-With': 'drishti' };

/** The address at which the simulator of the demo can be told to fail. */
async function faults(request: APIRequestContext): Promise<string> {
  const answer = await request.get('/api/v1/sources/demo');
  const { api_url } = (await answer.json()) as { api_url: string };
  return new URL('/simulator/faults', api_url).href;
}

const state = (page: Page) => page.locator('main header').getByText(/^(Collecting|Error)$/);

test('a source breaks and recovers before the eyes of whoever looks', async ({ page, request }) => {
  test.setTimeout(120_000);
  const address = await faults(request);
  await page.goto('/sources/demo');
  await expect(state(page)).toHaveText('Collecting');
  const nav = page.getByRole('navigation', { name: 'Pages' });
  try {
    expect((await request.put(address, { data: { token_revoked: true } })).ok()).toBe(true);
    await expect(state(page)).toHaveText('Error', { timeout: 60_000 });
    await expect(nav.getByTitle('1 source needs somebody')).toBeVisible();
  } finally {
    expect((await request.put(address, { data: {} })).ok()).toBe(true);
  }
  await page.getByRole('button', { name: 'Restart' }).click();
  await expect(state(page)).toHaveText('Collecting', { timeout: 60_000 });
  await expect(nav.getByTitle('1 source needs somebody')).toHaveCount(0);
});

test('what a colleague does is seen, and no row moves', async ({ page, request }) => {
  await page.goto('/alerts?state=new&order=newest');
  const rows = page.locator('[data-alert]');
  await rows.first().waitFor();
  const ids = () => rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-alert')));
  const before = await ids();
  const id = before[0] ?? '';
  const change = (data: object) => request.patch(`/api/v1/alerts/${id}`, { headers: OWN, data });
  await rows.first().locator('a').click();
  await page.locator('article h2').first().waitFor();
  expect((await change({ assignee: 'Quiet Colleague' })).ok()).toBe(true);
  await expect(page.locator('article .above')).toContainText('Quiet Colleague');
  expect(await ids()).toEqual(before);
  expect((await change({ assignee: '' })).ok()).toBe(true);
  await expect(page.locator('article .above')).not.toContainText('Quiet Colleague');
});

test('what comes is announced, and listed when it is asked for', async ({ page, request }) => {
  // A list of what is resolved, to which a colleague adds; of old alerts, which live traffic does not open again.
  const found = await request.get('/api/v1/alerts?state=new&text=two-factor&limit=2');
  const [first, second] = ((await found.json()) as { alerts: { id: string }[] }).alerts;
  const change = (id: string, data: object) => request.patch(`/api/v1/alerts/${id}`, { headers: OWN, data });
  const resolved = { state: 'resolved', classification: 'benign', reason: 'a test' };
  expect((await change(first?.id ?? '', resolved)).ok()).toBe(true);
  await page.goto('/alerts?state=resolved&order=newest&text=two-factor');
  const rows = page.locator('[data-alert]');
  await rows.first().waitFor();
  const count = await rows.count();
  expect((await change(second?.id ?? '', resolved)).ok()).toBe(true);
  const announced = page.getByRole('button', { name: '1 new alert', exact: true });
  await expect(announced).toBeVisible();
  await expect(rows).toHaveCount(count);
  await announced.click();
  await expect(rows).toHaveCount(count + 1);
  await expect(announced).toHaveCount(0);
  for (const alert of [first, second]) await change(alert?.id ?? '', { state: 'new' });
});

test('the title counts what is new', async ({ page }) => {
  await page.goto('/events');
  await expect(page).toHaveTitle(/^\([0-9.,KM]+\) Events · Drishti$/);
});

test('an event says which alerts it is part of', async ({ page, request }) => {
  const found = await request.get('/api/v1/alerts?limit=1');
  const [alert] = ((await found.json()) as { alerts: { id: string; title: string }[] }).alerts;
  const events = await request.get(`/api/v1/alerts/${alert?.id}/events?limit=1`);
  const [entry] = ((await events.json()) as { events: { event: { gid: string } }[] }).events;
  const gid = entry?.event.gid ?? '';
  await page.goto(`/events?gid=${gid}&event=${gid}&last=all`);
  const part = page.getByRole('region', { name: /^Part of/ });
  await part.getByRole('link').first().click();
  await expect(page).toHaveURL(/\/alerts\/[0-9a-f]{32}/);
});

test.describe('a stranger', () => {
  test.use({ storageState: NOBODY });

  test('is asked to sign in without an error on the console', async ({ page }) => {
    await page.goto('/');
    await expect(page).toHaveURL(/\/sign-in/);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(secret('login'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('main h1').waitFor();
  });
});
