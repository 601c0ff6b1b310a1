import { test as unwatched, type Page } from '@playwright/test';
import { expect, test } from './watched';

const rows = (page: Page) => page.locator('[data-person]');

test.beforeEach(async ({ page }) => {
  await page.goto('/people');
  await rows(page).first().waitFor();
});

test('the riskiest come first, and filters stand in the address', async ({ page }) => {
  const points = await rows(page).locator('.risk b').allTextContents();
  expect(points.length).toBeGreaterThan(50);
  const numbers = points.map((text) => Number(text.replaceAll(',', '')));
  expect(numbers).toEqual([...numbers].sort((a, b) => b - a));

  await page.getByRole('combobox', { name: 'Role' }).selectOption('admin');
  await expect(page).toHaveURL(/role=admin/);
  await expect(rows(page).first()).toContainText('Admin');
  // The first one may have been an admin before.
  await expect.poll(() => rows(page).count()).toBeLessThan(points.length);
  const admins = await rows(page).count();
  expect(await rows(page).getByText('Admin', { exact: true }).count()).toBe(admins);

  await page.reload();
  await expect(rows(page)).toHaveCount(admins);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL(/\/people$/);

  await page.getByRole('combobox', { name: 'Kind' }).selectOption('service_account');
  await expect(rows(page).first()).toContainText('Service account');
  await page.goto('/people?text=nobody-is-called-so');
  await expect(page.getByText('Nobody here.')).toBeVisible();
});

test('somebody is found, opened and gone through with the keyboard', async ({ page }) => {
  await page.keyboard.press('j');
  await expect(rows(page).first().locator('a')).toBeFocused();
  await page.keyboard.press('j');
  const second = rows(page).nth(1);
  await expect(second.locator('a')).toBeFocused();
  const name = (await second.locator('.name').textContent()) ?? '';
  await page.keyboard.press('Enter');
  await expect(page.locator('h1')).toHaveText(name);
  await expect(page).toHaveTitle(new RegExp(`${name} · Drishti$`));
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/people$/);

  await page.keyboard.press('/');
  await page.keyboard.type(name);
  await page
    .getByRole('option', { name: new RegExp(`^${name}`) })
    .first()
    .click();
  await expect(page.locator('h1')).toHaveText(name);
});

test('the page of a person tells risk, habits, places and events, and leads on', async ({ page }) => {
  await page.goto('/people?alerts=open');
  await rows(page).first().locator('a').click();
  const card = (title: string) =>
    page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
  await expect(card('Risk').locator('li').first()).toContainText('+');
  await expect(card('Alerts').locator('li').first()).toBeVisible();
  await expect(card('Usual')).toContainText('Usually from');
  await expect(card('Activity').getByRole('row')).toHaveCount(8);

  const place = card('Places').locator('svg [role=button]').first();
  await place.focus();
  await page.keyboard.press('Enter');
  await expect(place).toHaveAttribute('aria-pressed', 'true');
  await expect(card('Places').locator('li.active')).toHaveCount(1);

  await card('Over time').getByRole('link', { name: 'Open in Events' }).click();
  await expect(page).toHaveURL(/\/events\?actor=\d+&last=30d/);
  await expect(page.locator('tbody tr').first()).toBeVisible();
  await page.goBack();
  await card('Alerts').locator('li a').first().click();
  await expect(page.locator('article h2').first()).toBeVisible();
  await page.locator('article .facts a').first().click();
  await expect(page).toHaveURL(/\/people\/\d+$/);
});

// The browser itself writes each 404 to its console.
unwatched('nobody is nobody', async ({ page }) => {
  await page.goto('/people/nobody-at-all');
  await expect(page.getByText('Nobody is known by this.')).toBeVisible();
  await page.getByRole('button', { name: 'To all people' }).click();
  await expect(page).toHaveURL(/\/people$/);
});

test('an alert shows its places and the way between them, and can be suppressed', async ({ page }) => {
  await page.goto('/alerts?policy=anomaly.impossible_travel&state=all');
  await page.locator('[data-alert] a').first().click();
  const places = page
    .locator('article section')
    .filter({ has: page.getByRole('heading', { name: 'Places', exact: true }) });
  await expect(places.locator('svg [role=button]')).toHaveCount(2);
  await expect(places.locator('svg .arrow')).toHaveCount(1);
  await expect(places.locator('.leg')).toContainText(/km in .* km\/h/);

  await page.getByRole('button', { name: 'Suppress…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: '1 day' }).click();
  await dialog.getByLabel('Why?').fill('A test of the web app');
  await dialog.getByRole('button', { name: 'Suppress', exact: true }).click();
  await expect(page.getByText(/^Suppressed until/)).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Undone')).toBeVisible();
});

test('an alert on paper is light, and shows nothing that could only be pressed', async ({ page }) => {
  await page.goto('/alerts?policy=anomaly.impossible_travel&state=all');
  await page.locator('[data-alert] a').first().click();
  await page.locator('article svg .place').first().waitFor();
  await page.evaluate(() => (document.documentElement.dataset.theme = 'dark'));
  await page.emulateMedia({ media: 'print' });
  for (const screenOnly of ['article .tools', '[data-alert]', 'article form', 'article details >> text=Raw JSON']) {
    await expect(page.locator(screenOnly).first()).toBeHidden();
  }
  await expect(page.locator('article h2').first()).toBeVisible();
  await expect(page.locator('article svg .place').first()).toBeVisible();
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('light');
});
