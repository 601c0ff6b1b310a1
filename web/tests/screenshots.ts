import { test, type Page } from '@playwright/test';

const FOLDER = 'screenshots';

interface Screen {
  name: string;
  path: string;
  ready: string;
  before?: (page: Page) => Promise<void>;
  size?: { width: number; height: number };
}

const SCREENS: Screen[] = [
  { name: 'overview', path: '/', ready: 'main h1' },
  { name: 'alerts', path: '/alerts', ready: '[data-alert]' },
  {
    name: 'alert',
    path: '/alerts?policy=anomaly.impossible_travel&state=all',
    ready: '[data-alert]',
    before: async (page) => {
      await page.locator('[data-alert] a').first().click();
      await page.locator('.cards svg .bar').first().waitFor();
    },
  },
];

for (const theme of ['light', 'dark'] as const) {
  for (const { name, path, ready, before, size } of SCREENS) {
    test(`${name}, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      if (size) await page.setViewportSize(size);
      await page.goto(path);
      await page.locator(ready).first().waitFor();
      await before?.(page);
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: `${FOLDER}/${name}-${theme}.png` });
    });
  }
}
