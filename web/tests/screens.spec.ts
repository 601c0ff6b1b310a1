import { SCREENS, visit } from './screens';
import { expectAccessible, test } from './watched';

for (const theme of ['light', 'dark'] as const) {
  for (const screen of SCREENS) {
    test(`${screen.name} is accessible, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await visit(page, screen);
      await expectAccessible(page);
    });
  }
}
