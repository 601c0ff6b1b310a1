import { execFileSync } from 'node:child_process';
import { expect, test as setup } from '@playwright/test';
import { address, home, program, secret, signedIn } from './place';

/** Alerts that tell that all of the history has been collected and evaluated. */
const ALERTS_MIN = 100;

setup('the demo is ready, and somebody signs in', async ({ page }) => {
  setup.setTimeout(600_000);
  const countAlerts = async () => {
    const headers = { Authorization: `Bearer ${secret('api-token')}` };
    const answer = await fetch(`http://${address}/api/v1/alerts?limit=${ALERTS_MIN}`, { headers });
    const page = (await answer.json()) as { alerts: unknown[] };
    return page.alerts.length;
  };
  await expect.poll(countAlerts, { timeout: 580_000 }).toBe(ALERTS_MIN);
  try {
    execFileSync(program, ['--home', home, 'ingest', '--source', 'odd', 'tests/odd.jsonl'], { stdio: 'ignore' });
  } catch {
    // One of its lines is broken, which is the point.
  }
  await page.goto('/alerts');
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill('not this one at all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('wrong', { exact: false })).toBeVisible();
  await page.getByLabel('Password').fill(secret('login'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/alerts$/);
  await page.locator('[data-alert]').first().waitFor();
  await page.context().storageState({ path: signedIn });
});
