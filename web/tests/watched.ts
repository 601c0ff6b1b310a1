import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test as base, type BrowserContext, type Page } from '@playwright/test';
import { home } from './home.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The password of the demo's `admin`; null for a program without sign-in. */
export function adminPassword(): string | null {
  const file = join(home, 'login');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** Signs in once a run: attempts are counted. */
let cookies: Awaited<ReturnType<BrowserContext['cookies']>> | null = null;

export async function signIn(context: BrowserContext): Promise<void> {
  const password = adminPassword();
  if (password === null) return;
  if (!cookies) {
    const headers = { 'X-Requested-With': 'drishti' };
    const answer = await context.request.post('/api/v1/session', { headers, data: { name: 'admin', password } });
    expect(answer.ok()).toBe(true);
    cookies = await context.cookies();
  }
  await context.addCookies(cookies);
}

/** Chromium says every 404 on its console; a server without sign-in answers so when it is asked who is signed in. */
const EXPECTED = /\/api\/v1\/session$/;

/** A page that must not complain: no error on its console, nothing that the security policy had to stop. */
export const test = base.extend<{ watched: void; signedIn: void }>({
  signedIn: [
    async ({ context }, use) => {
      await signIn(context);
      await use();
    },
    { auto: true },
  ],
  watched: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error' && !EXPECTED.test(message.location().url)) complaints.push(message.text());
      });
      await use();
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

interface AxeResult {
  violations: { id: string; help: string; nodes: { target: string[]; failureSummary?: string }[] }[];
}

/** No rule of WCAG 2.2 A and AA, nor any of axe's best practices, is broken. */
export async function expectAccessible(page: Page): Promise<void> {
  // Into the page as the debugger does it: a script element would be stopped by the policy.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<AxeResult> } };
    return axe.run();
  });
  const told = violations.map(({ id, help, nodes }) => ({
    id,
    help,
    where: nodes.slice(0, 5).map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary ?? ''}`),
  }));
  expect(told).toEqual([]);
}
