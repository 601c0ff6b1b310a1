import type { Page } from '@playwright/test';
import { expect, test } from './watched';

const rows = (page: Page) => page.locator('[data-alert]');
const idOf = async (page: Page, place: number) => (await rows(page).nth(place).getAttribute('data-alert')) ?? '';
const row = (page: Page, id: string) => page.locator(`[data-alert="${id}"]`);

test.beforeEach(async ({ page }) => {
  // Only what is new, the oldest policies of all: live traffic does not move them.
  await page.goto('/alerts?state=new&text=two-factor');
  await rows(page).first().waitFor();
});

test('an alert is opened, taken into review, resolved and gone, all with the keyboard', async ({ page }) => {
  const id = await idOf(page, 0);
  await page.keyboard.press('j');
  await expect(row(page, id).locator('a')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/alerts/${id}\\?state=new`));
  await expect(page.locator('article h2').first()).toBeVisible();

  // The list leads on to the next, which is of the same kind.
  await page.goto(`/alerts/${id}?text=two-factor`);
  await row(page, id).waitFor();
  await expect(page.locator('article h2').first()).toBeVisible();
  // Others may have worked on it before.
  const history = page.locator('article li:has(> .dot)');
  const before = await history.count();
  await page.keyboard.press('e');
  await expect(page.locator('article .above')).toContainText('In review');

  await page.keyboard.press('r');
  await page.getByRole('radio', { name: 'Benign' }).check();
  await page.getByRole('button', { name: 'Confirmed with the person' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByText('1 alert resolved')).toBeVisible();
  await expect(row(page, id)).toHaveCount(0);

  await page.goto(`/alerts/${id}?state=all`);
  await expect(page.locator('article .above')).toContainText('Benign');
  await expect(page.locator('article .reason')).toContainText('Confirmed with the person');
  await expect(history).toHaveCount(before + 2);
  await page.getByRole('button', { name: 'Open again' }).click();
  await expect(page.locator('article .above')).toContainText('New');
});

test('several are taken into review together, and back', async ({ page }) => {
  const before = await rows(page).count();
  expect(before).toBeGreaterThan(1);
  const [first, second] = [await idOf(page, 0), await idOf(page, 1)];
  await row(page, first).getByRole('checkbox').click();
  await row(page, second)
    .getByRole('checkbox')
    .click({ modifiers: ['Shift'] });
  await expect(page.getByText('2 selected')).toBeVisible();
  await page.keyboard.press('e');
  await expect(page.getByText('2 alerts in review')).toBeVisible();
  await expect(row(page, first)).toHaveCount(0);
  await page.keyboard.press('u');
  await expect(page.getByText('Undone')).toBeVisible();
  await expect(row(page, first)).toHaveCount(1);
  await expect(row(page, second)).toHaveCount(1);
});

test('is assigned, commented and filtered by who looks after it', async ({ page }) => {
  const id = await idOf(page, 0);
  await page.keyboard.press('a');
  await expect(page.getByRole('list', { name: 'Who may look after it' }).getByRole('button')).not.toHaveCount(0);
  await page.getByRole('textbox', { name: 'Somebody else' }).fill('Grace 🎉');
  await page.getByRole('dialog').getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(page.getByText('1 alert assigned to Grace 🎉')).toBeVisible();
  await page.goto(`/alerts/${id}?assignee=${encodeURIComponent('Grace 🎉')}`);
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press('c');
  await expect(page.getByLabel('Write a comment')).toBeFocused();
  await page.keyboard.type('<b>not bold</b>');
  await page.getByRole('button', { name: 'Add comment' }).click();
  await expect(page.locator('article .comment').last()).toHaveText('<b>not bold</b>');
  await page.keyboard.press('a');
  await page.getByRole('button', { name: 'To nobody' }).click();
  await expect(page.getByText('1 alert assigned to nobody')).toBeVisible();
});

test('Enter in the list opens the alert and presses nothing in it', async ({ page }) => {
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page.locator('article h2').first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/alerts\?/);
  await page.keyboard.press('r');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('facets narrow the list and stand in the address', async ({ page }) => {
  await page.goto('/alerts');
  await rows(page).first().waitFor();
  await page.getByRole('checkbox', { name: 'Critical' }).check();
  await expect(page).toHaveURL(/severity=critical/);
  await expect(rows(page).getByText('High')).toHaveCount(0);
  await page.getByRole('checkbox', { name: 'Medium' }).check();
  await expect(page).toHaveURL(/severity=critical&severity=medium/);
  await page.getByRole('checkbox', { name: 'Medium' }).uncheck();
  await page.reload();
  await rows(page).first().waitFor();
  await expect(page.getByRole('checkbox', { name: 'Critical' })).toBeChecked();
  await page.goBack();
  await expect(page.getByRole('checkbox', { name: 'Medium' })).toBeChecked();
});

test('a view is saved and found again', async ({ page }) => {
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByLabel('Name of the view').fill('Second factors');
  await page.getByRole('button', { name: 'Save this view' }).click();
  await expect(page.getByText('“Second factors” is saved')).toBeVisible();
  await page.goto('/alerts');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('button', { name: 'Second factors', exact: true }).click();
  await expect(page).toHaveURL(/text=two-factor/);
});

test('what was done around an alert is read there, raw too, and leads to the events', async ({ page }) => {
  await page.goto('/alerts?policy=anomaly.impossible_travel&state=all');
  await rows(page).first().locator('a').click();
  const around = page.locator('article section').filter({ has: page.getByRole('heading', { name: 'Around it' }) });
  await expect(around.locator('tr.marked').first()).toBeVisible();
  await around
    .getByRole('button', { name: /^Raw: / })
    .first()
    .click();
  await expect(around.getByRole('region', { name: 'Raw JSON' })).toContainText('"gid"');
  // One stop of the tab key for all bars, the arrows from one to the next.
  const bars = around.locator('svg a');
  await expect(around.locator('svg a[tabindex="0"]')).toHaveCount(1);
  await bars.last().focus();
  await page.keyboard.press('Home');
  await expect(bars.first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/events\?actor=.*from=/);
});

test('the arrows scroll what has the focus, and move in the list', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 500 });
  const id = await idOf(page, 0);
  await rows(page).first().locator('a').click();
  await expect(page.locator('article h2').first()).toBeVisible();
  await page.locator('article').focus();
  await page.keyboard.press('ArrowDown');
  await expect(page).toHaveURL(new RegExp(id));
  await row(page, id).locator('a').focus();
  await page.keyboard.press('ArrowDown');
  await expect(page).not.toHaveURL(new RegExp(id));
});
