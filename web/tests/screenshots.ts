import { test } from '@playwright/test';
import { SCREENS, visit } from './screens';
import { signIn } from './watched';

for (const theme of ['light', 'dark'] as const) {
  for (const screen of SCREENS) {
    test(`${screen.name}, ${theme}`, async ({ page, context }) => {
      await signIn(context);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await visit(page, screen);
      await page.screenshot({ path: `screenshots/${screen.name}-${theme}.png` });
    });
  }
}
