import { expect, test } from '@playwright/test';
import { secret } from './place';

// Not watched: a lost connection is an error on the browser's console.
test('a lost connection shows, and heals', async ({ page, context }) => {
  await page.goto('/alerts');
  await page.locator('[data-alert]').first().waitFor();
  await context.setOffline(true);
  await expect(page.getByText('No connection to Drishti')).toBeVisible();
  await expect(page.locator('[data-alert]').first()).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('No connection to Drishti')).toHaveCount(0);
});

// Nor this: the server's first answer is that nobody is signed in.
test('whose session has ended comes back to where they were', async ({ page, context }) => {
  await page.goto('/alerts?state=new&severity_min=high');
  await page.locator('[data-alert]').first().waitFor();
  await context.clearCookies();
  await page.goto('/sources');
  await expect(page).toHaveURL(/\/sign-in/);
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(secret('login'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/sources$/);
  await expect(page.locator('main li').first()).toBeVisible();
});
