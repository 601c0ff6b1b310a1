import { readFileSync } from 'node:fs';
import { test as unwatched, type Page } from '@playwright/test';
import { expect, test } from './watched';

const content = (page: Page) => page.getByRole('textbox', { name: 'Query in SQL' });
const rows = (page: Page) => page.locator('.result tbody .row');

async function ask(page: Page, sql: string): Promise<void> {
  await content(page).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
}

test('a question is written with help, answered, sorted and shared', async ({ page }) => {
  await page.goto('/events');
  await page.getByRole('link', { name: 'SQL' }).click();
  await content(page).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('select event_cat');
  // Not by Enter: the editor takes that for a line break while the list has only just come up.
  await page.locator('.cm-tooltip-autocomplete li', { hasText: 'event_category' }).click();
  await page.keyboard.insertText(', event_type, count(*) as n, min(gid) as first from events group by 1, 2 order by n');
  await page.keyboard.press('Control+Enter');
  await expect(rows(page).first()).toBeVisible();
  await expect(page).toHaveURL(/sql=select/);
  const column = page.locator('.result tbody .row td:nth-child(3)');
  const first = async () => Number((await column.first().innerText()).replaceAll(',', ''));
  const least = await first();
  await page.getByRole('button', { name: 'n', exact: true }).click();
  await page.getByRole('button', { name: 'n', exact: true }).click();
  await expect(page.getByRole('columnheader', { name: 'n', exact: true })).toHaveAttribute('aria-sort', 'descending');
  expect(await first()).toBeGreaterThan(least);
  await page.reload();
  await expect(rows(page).first()).toBeVisible();
  await expect(content(page)).toContainText('event_category');
});

// Not watched: the server refuses, and the browser writes that to its console.
unwatched('what is wrong is said where it is', async ({ page }) => {
  await page.goto('/events/sql');
  await ask(page, 'select acter_gid from events');
  await expect(page.getByRole('alert')).toContainText('No field named acter_gid');
  await expect(page.locator('.cm-lintRange-error')).toHaveText('acter_gid');
  await ask(page, 'select 1 as one');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.locator('.number b')).toHaveText('1');
});

test('a long query is cancelled', async ({ page }) => {
  await page.goto('/events/sql');
  await ask(page, 'select count(*) from events a, events b, events c where a.gid || b.gid || c.gid = chr(0)');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Cancelled.')).toBeVisible();
  await ask(page, 'select 2 as two');
  await expect(page.locator('.number b')).toHaveText('2');
});

test('answers are drawn as they suit, and otherwise on request', async ({ page }) => {
  await page.goto('/events/sql');
  await page.getByRole('button', { name: 'Examples' }).click();
  await page.getByRole('button', { name: 'Events per day' }).click();
  await expect(page.locator('.result svg path')).toBeVisible();
  await page.getByRole('button', { name: 'Bars' }).click();
  await expect(page.locator('.result .bars li').first()).toBeVisible();
  await expect(page).toHaveURL(/show=bar/);
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  await expect(rows(page).first()).toBeVisible();
});

test('every example works, and is remembered', async ({ page }) => {
  await page.goto('/events/sql');
  await page.getByRole('button', { name: 'Examples' }).click();
  const names = await page.locator('header .panel button').allInnerTexts();
  expect(names.length).toBeGreaterThan(3);
  await page.getByRole('button', { name: 'Examples' }).click();
  for (const name of names) {
    await page.getByRole('button', { name: 'Examples' }).click();
    await page.getByRole('button', { name, exact: true }).click();
    await expect(page.getByRole('button', { name: 'Run' })).toBeVisible();
    await expect(page.locator('.result-bar')).toContainText(/row/);
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.locator('header .panel button')).toHaveCount(names.length);
});

test('answers are taken as files, without formulas', async ({ page }) => {
  await page.goto(`/events/sql?sql=${encodeURIComponent("select '=1+1' as f, '<img src=x onerror=alert(1)>' as h")}`);
  await expect(rows(page).first()).toContainText('<img src=x onerror=alert(1)>');
  for (const [kind, start] of [
    ['CSV, for spreadsheets', "\uFEFFf,h\n'=1+1,"],
    ['JSON lines', '{"f":"=1+1"'],
    ['Parquet', 'PAR1'],
  ] as const) {
    await page.getByRole('button', { name: 'Export' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: kind }).click();
    const file = readFileSync(await (await downloading).path(), 'utf8');
    expect(file.startsWith(start)).toBe(true);
  }
});

test('ten thousand rows are in the page as far as they are seen', async ({ page }) => {
  await page.goto('/events/sql?sql=select+value+from+generate_series(1,+20000)&show=table');
  await expect(page.locator('.result-bar')).toContainText('10,000');
  expect(await rows(page).count()).toBeLessThan(100);
  await page.locator('.result').evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await expect(rows(page).last()).toContainText('10,000');
});

const BY_DAY =
  "select event_date as day, event_category as kind, count(*) as n from events where created_at >= now() - interval '9 days' group by 1, 2";

test('each series has a line of its own', async ({ page }) => {
  await page.goto(`/events/sql?sql=${encodeURIComponent(BY_DAY)}`);
  const kinds = page.getByRole('list', { name: 'kind' });
  await expect(kinds.getByText('logins')).toBeVisible();
  expect(await page.locator('.result svg path').count()).toBeGreaterThan(1);
});

test('texts that read like dates stay texts', async ({ page }) => {
  const sql = "select 'Report ' || value as label, value as n from generate_series(7, 9)";
  await page.goto(`/events/sql?sql=${encodeURIComponent(sql)}&show=bar`);
  await expect(page.locator('.bars .label')).toHaveText(['Report 7', 'Report 8', 'Report 9']);
});

test('what is written and not run is there after a look elsewhere', async ({ page }) => {
  await page.goto('/events/sql?sql=select+1+as+one');
  await expect(page.locator('.number b')).toHaveText('1');
  await content(page).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('select 5 as five');
  await page.getByRole('link', { name: 'Search', exact: true }).click();
  await page.getByRole('link', { name: 'SQL' }).click();
  await expect(content(page)).toContainText('select 5 as five');
  await page.goBack();
  await page.goBack();
  await expect(content(page)).toContainText('select 5 as five');
  await expect(page.locator('.number b')).toHaveText('1');
});

// Not watched: the server refuses, and the browser writes that to its console.
unwatched('after a query that failed, the answer that is shown is what is taken', async ({ page }) => {
  await page.goto('/events/sql?sql=select+1+as+one&show=table');
  await expect(rows(page).first()).toContainText('1');
  await ask(page, 'select nonsense from events');
  await expect(page.getByRole('alert')).toContainText('nonsense');
  await page.getByRole('button', { name: 'Export' }).click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'JSON lines' }).click();
  expect(readFileSync(await (await downloading).path(), 'utf8')).toBe('{"one":1}\n');
});

test.describe('west of UTC', () => {
  test.use({ timezoneId: 'America/Los_Angeles' });

  test('days are the days they are', async ({ page }) => {
    await page.goto('/');
    const bar = page.locator('.days svg a').last();
    const day = /from=(\d{4}-\d\d-\d\d)/.exec((await bar.getAttribute('href')) ?? '')?.[1] ?? '';
    await expect(bar).toHaveAttribute('aria-label', new RegExp(`\\b${Number(day.slice(8))} `));

    const sql =
      "select date_trunc('day', created_at) as day, count(*) as n from events where created_at < '2030-01-01' group by 1 order by 1 limit 3";
    await page.goto(`/events/sql?sql=${encodeURIComponent(sql)}&show=bar`);
    const first = page.locator('.bars li').first();
    const told = /^\d{4}-\d\d-(\d\d)/.exec((await first.getAttribute('title')) ?? '')?.[1] ?? '';
    await expect(first.locator('.label')).toHaveText(new RegExp(`\\b${Number(told)} `));
  });
});
