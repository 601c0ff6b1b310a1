import type { BrowserContext, Locator, Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { secret } from './place';
import { expire } from './screens';
import { expectAccessible } from './watched';

const NOBODY = { cookies: [], origins: [] };

async function enter(page: Page | Locator, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function addViewer({ request }: BrowserContext): Promise<{ name: string; password: string }> {
  const password = 'a password for reading only';
  const data = { name: `viewer-${Date.now()}`, role: 'viewer', password };
  const answer = await request.post('/api/v1/operators', { headers: { 'X-Requested-With': 'drishti' }, data });
  expect(answer.ok(), await answer.text()).toBe(true);
  return data;
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
    await expect(page.locator('tbody tr').first()).toBeVisible({ timeout: 20_000 });
  });

  test('signs in and out, before the page is there', async ({ page }) => {
    let come = () => {};
    const isOpen = new Promise<void>((resolve) => (come = resolve));
    await page.route('**/OverviewPage-*.js', async (route) => {
      await isOpen;
      await route.continue();
    });
    await page.goto('/sign-in');
    await enter(page, 'admin', secret('login'));
    await page.locator('nav .foot button').first().click();
    const out = page.getByRole('button', { name: 'Sign out' });
    await out.waitFor();
    come();
    await page.locator('main h1').waitFor();
    await out.click();
    await expect(page).toHaveURL(/\/sign-in$/);
  });
});

test.describe('a session that ends', () => {
  test('leaves what was being written, and whoever comes back goes on', async ({ page }) => {
    await page.goto('/policies/new');
    await page.getByLabel('Title', { exact: true }).fill('Half a thought');
    await expect(page.locator('.cm-content')).toContainText('Half a thought');
    await expire(page);
    // Nothing beneath can be reached.
    const reached = await page.getByRole('link', { name: 'Sources' }).evaluate((link) => {
      link.focus();
      return document.activeElement === link;
    });
    expect(reached).toBe(false);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog')).toHaveCount(1);
    const dialog = page.getByRole('dialog');
    await enter(dialog, 'admin', 'not the password');
    await expect(dialog.getByText('Name or password is wrong.')).toBeVisible();
    await enter(dialog, 'admin', secret('login'));
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(page).toHaveURL(/\/policies\/new$/);
    await expect(page.getByLabel('Title', { exact: true })).toHaveValue('Half a thought');
    await expect(page.locator('.cm-content')).toContainText('Half a thought');
  });

  test('leaves the place in a list', async ({ page }) => {
    await page.goto('/alerts?state=all');
    await page.locator('[data-alert]').first().waitFor();
    await page.getByRole('checkbox', { name: 'High' }).check();
    await expect(page).toHaveURL(/severity=high/);
    await expire(page);
    await enter(page.getByRole('dialog'), 'admin', secret('login'));
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(page).toHaveURL(/\/alerts\?state=all&severity=high/);
    await expect(page.locator('[data-alert]').first()).toBeVisible();
  });

  test('leaves nothing to somebody else', async ({ page, context }) => {
    const { name, password } = await addViewer(context);
    await page.goto('/policies/new');
    await page.getByLabel('Title', { exact: true }).fill('Nobody else’s');
    await expire(page);
    await enter(page.getByRole('dialog'), name, password);
    await expect(page.locator('nav .foot button').first()).toContainText(name);
    await expect(page.locator('.cm-content')).not.toContainText('Nobody else’s');
  });
});

test('who can’t be signed out stays, and is told', async ({ page }) => {
  await page.goto('/sources');
  await page.locator('main h1').waitFor();
  await page.route('**/api/v1/session', (route) =>
    route.request().method() === 'DELETE' ? route.fulfill({ status: 500, body: '' }) : route.continue(),
  );
  await page.locator('nav .foot button').first().click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('You are still signed in.')).toBeVisible();
  await expect(page).toHaveURL(/\/sources$/);
});

test('a viewer reads, and is told why they may not do more', async ({ context, browser }) => {
  const { name, password } = await addViewer(context);
  const viewer = await browser.newPage({ storageState: NOBODY });
  await viewer.goto('/alerts?state=all');
  await enter(viewer, name, password);
  await viewer.locator('[data-alert] a').first().click();
  const resolve = viewer.locator('article').getByRole('button', { name: 'Resolve' });
  await expect(resolve).toBeDisabled();
  await expect(resolve).toHaveAttribute('title', /viewer/);
  await viewer.keyboard.press('r');
  await expect(viewer.getByRole('status').getByText('may not do this')).toBeVisible();
  await viewer.close();
});
