import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';

// Not watched: what fails is an error on the browser's console.

const rows = (page: Page) => page.locator('[data-alert]');
const REFUSED = {
  code: 'unavailable',
  title: 'not now',
  status: 503,
  detail: 'the ledger is busy',
  hint: 'Try again.',
};

/** Lets changes of alerts fail until the answer is called. */
async function failing(page: Page): Promise<() => Promise<void>> {
  const changes = '**/api/v1/alerts/changes';
  await page.route(changes, (route) => route.fulfill({ status: 500, json: REFUSED }));
  return () => page.unroute(changes);
}

test.describe('what could not be sent', () => {
  test.beforeEach(async ({ page }) => {
    await page.goto('/alerts?state=new&text=two-factor');
    await rows(page).first().waitFor();
  });

  test('is kept: a comment', async ({ page }) => {
    await rows(page).nth(0).locator('a').click();
    const field = page.getByLabel('Write a comment');
    await field.fill('seen in the office');
    const succeed = await failing(page);
    await page.getByRole('button', { name: 'Add comment' }).click();
    await expect(page.getByText('the ledger is busy')).toBeVisible();
    await expect(field).toHaveValue('seen in the office');
    // Another alert has its own words, and this one has them again.
    await page.getByRole('button', { name: 'Next alert' }).click();
    await expect(field).toHaveValue('');
    await page.getByRole('button', { name: 'Previous alert' }).click();
    await expect(field).toHaveValue('seen in the office');
    await succeed();
    await page.getByRole('button', { name: 'Add comment' }).click();
    await expect(page.locator('article .comment').last()).toHaveText('seen in the office');
    await expect(field).toHaveValue('');
  });

  test('is kept: why an alert is resolved', async ({ page }) => {
    const id = (await rows(page).first().getAttribute('data-alert')) ?? '';
    await page.keyboard.press('r');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'Benign' }).check();
    await dialog.getByLabel('How do you know?').fill('I was there');
    const succeed = await failing(page);
    await dialog.getByRole('button', { name: 'Resolve' }).click();
    await expect(page.getByText('the ledger is busy')).toBeVisible();
    // A slip beside the dialog loses nothing either.
    await page.mouse.click(5, 400);
    await page.keyboard.press('Escape');
    await expect(dialog.getByLabel('How do you know?')).toHaveValue('I was there');
    await dialog.getByRole('button', { name: 'Confirmed with the person' }).click();
    await expect(dialog.getByLabel('How do you know?')).toHaveValue('I was there\nConfirmed with the person');
    await succeed();
    await dialog.getByRole('button', { name: 'Resolve' }).click();
    await expect(page.getByText('1 alert resolved')).toBeVisible();
    await expect(dialog).toHaveCount(0);
    // What is undone in vain is not called undone.
    await failing(page);
    const complaints = page.getByText('the ledger is busy');
    const before = await complaints.count();
    await page.keyboard.press('u');
    await expect.poll(() => complaints.count()).toBeGreaterThan(before);
    await expect(page.getByText('Undone')).toHaveCount(0);
    const headers = { 'X-Requested-With': 'drishti' };
    await page.request.patch(`/api/v1/alerts/${id}`, { headers, data: { state: 'new' } });
  });
});

test('a policy that is not saved is not left unasked', async ({ page }) => {
  await page.goto('/policies');
  await page.locator('main li').first().waitFor();
  await page
    .getByRole('link', { name: 'New policy' })
    .or(page.getByRole('button', { name: 'New policy' }))
    .click();
  const title = page.getByLabel('Title', { exact: true });
  await title.fill('Not saved yet');
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  const leavings = [
    () => page.getByRole('link', { name: 'Sources' }).click(),
    () => page.getByRole('button', { name: 'Cancel' }).click(),
    () => page.goBack(),
  ];
  for (const leave of leavings) {
    await leave();
    await question.getByRole('button', { name: 'Stay' }).click();
    await expect(page).toHaveURL(/\/policies\/new/);
    await expect(title).toHaveValue('Not saved yet');
  }
  await page.goBack();
  await question.getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/\/policies$/);
  await page.goForward();
  await expect(title).not.toHaveValue('Not saved yet');
});

test('without any state the usual ones are ticked', async ({ page }) => {
  await page.goto('/alerts?state=new');
  await rows(page).first().waitFor();
  const box = page.getByRole('group', { name: 'State' }).getByRole('checkbox', { name: /^New/ });
  await box.click();
  await expect(page).toHaveURL(/\/alerts$/);
  await expect(box).toBeChecked();
});

test('a source that can’t be read is not another one', async ({ page }) => {
  await page.goto('/sources');
  await page.getByRole('link', { name: 'demo' }).first().click();
  await expect(page.locator('main h1')).toHaveText('demo');
  await page.goto('/sources/odd');
  await page.route('**/api/v1/sources/demo', (route) => route.fulfill({ status: 500, json: REFUSED }));
  await page.keyboard.press('/');
  await page.keyboard.type('demo');
  await page.getByRole('option', { name: 'demo', exact: true }).click();
  await expect(page).toHaveURL(/\/sources\/demo$/);
  await expect(page.getByText('The ledger is busy')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'odd' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Remove' })).toHaveCount(0);
});

test('a page is where it was when somebody comes back', async ({ page }) => {
  await page.goto('/people');
  await page.locator('[data-person]').first().waitFor();
  const top = () => page.locator('#content').evaluate((content) => content.scrollTop);
  await page.locator('[data-person]').nth(60).scrollIntoViewIfNeeded();
  const before = await top();
  await page.locator('[data-person] a').nth(60).click();
  await expect(page).toHaveURL(/\/people\/.+/);
  await page.locator('main h1').waitFor();
  await expect.poll(top).toBe(0);
  await page.goBack();
  await page.locator('[data-person]').first().waitFor();
  await expect.poll(top).toBe(before);
});
