import { expect, test } from './watched';

test('the palette finds pages and alerts', async ({ page }) => {
  await page.goto('/');
  await page.locator('main h1').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('sour');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/sources$/);
  await expect(page.locator('main h1')).toBeFocused();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('export');
  await page.locator('[role=option] .more').first().waitFor();
  await page.locator('[role=option]').filter({ hasText: 'New' }).first().click();
  await expect(page).toHaveURL(/\/alerts\/[0-9a-f]{32}/);
});

test('the palette finds policies', async ({ page }) => {
  await page.goto('/');
  await page.locator('main h1').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('impossible trav');
  await page.getByRole('option', { name: 'Impossible travel', exact: true }).click();
  await expect(page).toHaveURL(/anomaly\.impossible_travel/);
});

test('g and a letter go to a page', async ({ page }) => {
  await page.goto('/');
  await page.locator('main h1').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await expect(page).toHaveURL(/\/events$/);
});

test('the theme is chosen, and set before anything is painted', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  await page.getByRole('button', { name: 'Theme' }).click();
  await page.getByRole('button', { name: 'Dark' }).click();
  const dark = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.reload({ waitUntil: 'commit' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(dark);
});

test('an address without a page says so', async ({ page }) => {
  await page.goto('/nothing');
  await expect(page.getByText('There is no page at this address.').last()).toBeVisible();
});

test('who is signed in is not asked again', async ({ page }) => {
  await page.goto('/sign-in?to=/sources');
  await expect(page).toHaveURL(/\/sources$/);
});
