import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { ingest } from './ingest';
import { expect, test } from './watched';

const chart = (page: Page) => page.getByRole('slider', { name: 'Events over time' });

async function total(page: Page): Promise<number> {
  await expect(page.locator('.skeleton, .stale')).toHaveCount(0);
  return Number((await page.locator('header .faint').first().innerText()).replaceAll(',', ''));
}

test('brushing narrows the time, and back widens it', async ({ page }) => {
  await page.goto('/events?last=30d');
  await page.locator('tbody tr').first().waitFor();
  const before = await total(page);
  const box = await chart(page).boundingBox();
  if (!box) throw new Error('there is no chart');
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=.*&to=/);
  await expect.poll(() => total(page)).toBeLessThan(before / 4);
  const narrowed = await total(page);
  expect(narrowed).toBeGreaterThan(0);
  await page.goBack();
  await expect(page).toHaveURL(/last=30d/);
  await expect.poll(() => total(page)).toBeGreaterThan(narrowed);
});

test('the keyboard brushes as well', async ({ page }) => {
  await page.goto('/events?last=30d');
  await page.locator('tbody tr').first().waitFor();
  await chart(page).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/from=.*&to=/);
});

test('an event is read, and leads to others', async ({ page }) => {
  await page.goto('/events?event_type=user_login_failed&last=30d');
  await page.locator('tbody tr a').first().click();
  await expect(page.locator('article h2')).toHaveText('User login failed');
  await page.getByText('Raw JSON').click();
  await expect(page.locator('article pre')).toContainText('"event_type": "user_login_failed"');
  await page.getByRole('link', { name: 'Same address' }).click();
  await expect(page).toHaveURL(/ip=/);
  await expect(page.locator('article h2')).toHaveText('User login failed');
  await page.keyboard.press('Escape');
  await expect(page.locator('article')).toHaveCount(0);
});

test('more events come while one scrolls, and only those that are seen are in the page', async ({ page }) => {
  await page.goto('/events?last=30d');
  const list = page.getByRole('region', { name: 'Events' });
  await page.locator('tr[data-event]').first().waitFor();
  for (let turn = 0; turn < 4; turn += 1) {
    const known = Number(await page.locator('table').getAttribute('aria-rowcount'));
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect
      .poll(async () => Number(await page.locator('table').getAttribute('aria-rowcount')))
      .toBeGreaterThan(known);
  }
  expect(await page.locator('tr[data-event]').count()).toBeLessThan(120);
});

test('values beside the list choose and leave out', async ({ page }) => {
  // A span that is over: nothing more comes into it.
  const [from, to] = [30, 1].map((days) => new Date(Date.now() - days * 86_400_000).toISOString());
  await page.goto(`/events?from=${from}&to=${to}`);
  await page.locator('tr[data-event]').first().waitFor();
  const before = await total(page);
  const facets = page.getByRole('complementary', { name: 'Values' });
  const first = facets.locator('section', { hasText: 'Country' }).locator('li').first();
  const country = await first.locator('bdi').innerText();
  await first.locator('.value').click();
  await expect(page).toHaveURL(new RegExp(`is=ip_country:${country}`));
  await expect.poll(() => total(page)).toBeLessThan(before);
  const chosen = await total(page);
  await page.getByRole('button', { name: `Leave out ${country}`, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`not=ip_country:${country}`));
  await expect.poll(() => total(page)).toBe(before - chosen);
});

test('columns are chosen and stand in the address', async ({ page }) => {
  await page.goto('/events');
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('button', { name: 'Category' }).click();
  await expect(page.getByRole('columnheader', { name: 'Category' })).toBeVisible();
  await expect(page).toHaveURL(/columns=.*category/);
});

test('odd names are shown as they are and do no harm, in the page and in files', async ({ page }) => {
  await page.goto('/events?source=odd&last=all');
  await expect(page.locator('tbody')).toContainText('<img src=x onerror=alert(1)>');
  await expect(page.locator('tr[data-event]')).toHaveCount(2);
  await page.getByRole('button', { name: 'Export' }).click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV, for spreadsheets' }).click();
  const file = readFileSync(await (await downloading).path(), 'utf8');
  expect(file).toContain(`'=cmd|' /C calc'!A0`);
  expect(file).not.toMatch(/(^|,)"?=/m);
});

test('the types of events are offered', async ({ page }) => {
  await page.goto('/events');
  await page.getByRole('button', { name: 'Add filter' }).click();
  await page.getByRole('combobox', { name: 'Value', exact: true }).fill('user_login_failed');
  await expect(page.locator('datalist option[value="user_login_failed"]')).toHaveCount(1);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/event_type=user_login_failed/);
});

test('at any time, what is counted is what is listed', async ({ page }) => {
  const stamp = Date.now();
  const email = `old-${stamp}@example.com`;
  const event = (days: number) => ({
    gid: `old-${stamp}-${days}`,
    created_at: new Date(stamp - days * 86_400_000).toISOString(),
    event_type: 'user_login_failed',
    event_category: 'logins',
    actor: { actor_type: 'user', gid: '4713', name: 'Old', email },
    resource: { resource_type: 'user', gid: '4713', name: 'Old' },
  });
  ingest('old', event(1), event(300), event(400));
  await page.goto(`/events?actor=${email}&last=all`);
  await expect(page.locator('tr[data-event]')).toHaveCount(3);
  await expect.poll(() => total(page)).toBe(3);
  const person = page
    .getByRole('complementary', { name: 'Values' })
    .getByRole('button', { name: new RegExp(`^${email}`) });
  await expect(person).toContainText('3');
});

test('a filter that the address has twice breaks nothing', async ({ page }) => {
  await page.goto('/events?is=actor_type:user&is=actor_type:user&not=ip_country:XX&not=ip_country:XX');
  await expect(page.locator('tr[data-event]').first()).toBeVisible();
  await expect(page.getByRole('button', { name: /^Remove the filter/ })).toHaveCount(4);
});

test('a pause between two words keeps the space between them', async ({ page }) => {
  await page.goto('/events');
  const field = page.getByRole('searchbox', { name: 'Text in names, addresses, user agent or details' });
  await field.pressSequentially('two ');
  await expect(page).toHaveURL(/q=two/);
  await field.pressSequentially('words');
  await expect(page).toHaveURL(/q=two\+words/);
  await expect(field).toHaveValue('two words');
});
