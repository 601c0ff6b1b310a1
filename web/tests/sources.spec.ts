import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, test as base } from '@playwright/test';
import { program } from './place';
import { test } from './watched';

test('a source is tested, part by part', async ({ page }) => {
  await page.goto('/sources/demo');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText('Everything is there.')).toBeVisible();
  await expect(page.getByRole('dialog').getByText('Audit log', { exact: true })).toBeVisible();
});

test('a source is paused and collected again', async ({ page }) => {
  await page.goto('/sources/demo');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('demo is paused')).toBeVisible();
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByText('demo is collected again')).toBeVisible();
  await expect(page.getByText('Collecting').first()).toBeVisible({ timeout: 30_000 });
});

test('settings are changed', async ({ page }) => {
  await page.goto('/sources/odd');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Description').fill('events with odd names');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('events with odd names')).toBeVisible();
});

test('what is broken stands in quarantine', async ({ page }) => {
  await page.goto('/sources/odd');
  await expect(page.getByRole('cell', { name: /odd\.jsonl/ })).toBeVisible();
  await page.getByRole('button', { name: 'Try all again' }).click();
  await expect(page.getByText('0 accepted, 1 still refused')).toBeVisible();
});

// Not watched: a refusal is an error on the browser's console.
base('a source that can’t be says why', async ({ page }) => {
  await page.goto('/sources/new');
  await page.locator('form').getByLabel('Name').fill('demo');
  await page.locator('form').getByLabel('Token', { exact: true }).fill('not a token');
  await page.locator('form').getByLabel('Workspace').fill('1112617576882525');
  await page.getByRole('button', { name: 'Add and test' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByRole('radio', { name: 'From Sumo Logic' }).check();
  await page.locator('form').getByLabel('JSON of the source').fill('{');
  await page.getByRole('button', { name: 'Add and test' }).click();
  await expect(page.getByText('This is no JSON.')).toBeVisible();
});

base('a change of settings does not overwrite one that was made meanwhile', async ({ page, context }) => {
  await page.goto('/sources/odd');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Description').fill('what I think');
  const other = await context.newPage();
  await other.goto('/sources/odd');
  await other.getByRole('button', { name: 'Settings' }).click();
  await other.getByLabel('Description').fill(`changed at ${Date.now()}`);
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Somebody else changed this meanwhile.')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Reload' }).click();
  await expect(page.getByText('changed at')).toBeVisible();
});

test('a source is added step by step, tested, and collected', async ({ page }) => {
  const name = `second-${Date.now().toString(36)}`;
  const arguments_ = ['simulate', '--listen', '127.0.0.1:0', '--people', '5', '--days', '2', '--exit-with-stdin'];
  const simulator = spawn(program, arguments_, { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    const said = await new Promise<string>((resolve) => createInterface(simulator.stdout).once('line', resolve));
    const asana = /http:\/\/[\d.:]+/.exec(said)?.[0] ?? '';
    await page.goto('/sources/new');
    await page.locator('form').getByLabel('Name').fill(name);
    await page.locator('form').getByLabel('Token', { exact: true }).fill('simulated-token');
    await page.getByText('More', { exact: true }).click();
    await page.locator('form').getByLabel('Address of Asana’s API').fill(`${asana}/api/1.0`);
    await page.getByRole('button', { name: 'Add and test' }).click();
    await expect(page.getByText(`Added: ${name}`)).toBeVisible();
    await expect(page.getByText('Everything is there.')).toBeVisible();
    await page.getByRole('link', { name: 'To the source' }).click();
    await expect(page.getByText('past events are fetched; following new events').first()).toBeVisible({
      timeout: 30_000,
    });
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await expect(page).toHaveURL(/\/sources$/);
  } finally {
    simulator.stdin.end();
  }
});
