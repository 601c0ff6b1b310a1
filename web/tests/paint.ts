import { expect, test } from '@playwright/test';

const LOADS = 7;
const PAGES = {
  '/': '.policies li',
  '/alerts': '[data-alert]',
  '/events': 'tbody tr',
  '/people': '[data-person]',
  '/policies': 'main li',
};

// How long a page takes from its address to its largest paint, with nothing in the browser's cache. Prints a Markdown table.
for (const [path, ready] of Object.entries(PAGES)) {
  test(`largest paint of ${path}`, async ({ browser, storageState }) => {
    const times: number[] = [];
    for (let load = 0; load < LOADS; load++) {
      const context = await browser.newContext({ storageState });
      const page = await context.newPage();
      await page.goto(path);
      await page.locator(ready).first().waitFor();
      await expect(page.locator('.skeleton')).toHaveCount(0);
      times.push(await page.evaluate(largestPaint));
      await context.close();
    }
    times.sort((one, other) => one - other);
    console.log(`| \`${path}\` | ${Math.round(times[LOADS >> 1] ?? 0)} ms | ${Math.round(times.at(-1) ?? 0)} ms |`);
  });
}

/** Milliseconds since the address was asked for. */
function largestPaint(): Promise<number> {
  return new Promise((resolve) => {
    const told = (list: PerformanceObserverEntryList) => resolve(list.getEntries().at(-1)?.startTime ?? 0);
    new PerformanceObserver(told).observe({ type: 'largest-contentful-paint', buffered: true });
  });
}
