import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { secret } from './place';
import { expectAccessible } from './watched';

const NOBODY = { cookies: [], origins: [] };

async function enter(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

// Not watched: a wrong password is an error on the browser's console.
test.describe('a stranger', () => {
  test.use({ storageState: NOBODY });

  test('signs in, and is where they wanted to go', async ({ page }) => {
    await page.goto('/events?last=30d');
    await expect(page).toHaveURL(/\/sign-in\?to=/);
    await expectAccessible(page);
    await enter(page, 'admin', 'not the password');
    await expect(page.getByText('Name or password is wrong.')).toBeVisible();
    await enter(page, 'admin', secret('login'));
    await expect(page).toHaveURL(/\/events\?last=30d$/);
    await expect(page.locator('tbody tr').first()).toBeVisible();
  });

  test('signs in and out', async ({ page }) => {
    await page.goto('/sign-in');
    await enter(page, 'admin', secret('login'));
    await page.locator('main h1').waitFor();
    await page.locator('nav .foot button').first().click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/sign-in$/);
  });
});

test('who was signed out meanwhile comes back to where they were', async ({ page, context }) => {
  await page.goto('/alerts?state=all');
  await page.locator('[data-alert]').first().waitFor();
  await page.getByRole('checkbox', { name: 'High' }).check();
  await expect(page).toHaveURL(/severity=high/);
  await context.clearCookies();
  // Whatever asks next learns of it; this asks now.
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await expect(page).toHaveURL(/\/sign-in\?to=/);
  await enter(page, 'admin', secret('login'));
  await expect(page).toHaveURL(/\/alerts\?state=all&severity=high/);
});

test('a viewer reads, and is told why they may not do more', async ({ context, browser }) => {
  const password = 'a password for reading only';
  const data = { name: `viewer-${Date.now()}`, role: 'viewer', password };
  const headers = { 'X-Requested-With': 'drishti' };
  const answer = await context.request.post('/api/v1/operators', { headers, data });
  expect(answer.ok(), await answer.text()).toBe(true);

  const viewer = await browser.newPage({ storageState: NOBODY });
  await viewer.goto('/alerts?state=all');
  await enter(viewer, data.name, password);
  await viewer.locator('[data-alert] a').first().click();
  const resolve = viewer.locator('article').getByRole('button', { name: 'Resolve' });
  await expect(resolve).toBeDisabled();
  await expect(resolve).toHaveAttribute('title', /viewer/);
  await viewer.keyboard.press('r');
  await expect(viewer.getByRole('status').getByText('may not do this')).toBeVisible();
  await viewer.close();
});
