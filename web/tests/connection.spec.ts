import { expect, test } from '@playwright/test';

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
