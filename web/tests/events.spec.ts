import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
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
  await page.goto('/events?last=30d');
  await page.locator('tr[data-event]').first().waitFor();
  const before = await total(page);
  const facets = page.getByRole('complementary', { name: 'Values' });
  const first = facets.locator('section', { hasText: 'Country' }).locator('li').first();
  const country = await first.locator('bdi').innerText();
  await first.locator('.value').click();
  await expect(page).toHaveURL(new RegExp(`is=ip_country:${country}`));
  await expect.poll(() => total(page)).toBeLessThan(before);
  const chosen = await total(page);
  await page.getByRole('button', { name: `Leave out ${country}` }).click();
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
  await page.getByLabel('Value').fill('user_login_failed');
  await expect(page.locator('datalist option[value="user_login_failed"]')).toHaveCount(1);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/event_type=user_login_failed/);
});
