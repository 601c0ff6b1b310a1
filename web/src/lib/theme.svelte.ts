export type ThemeChoice = 'light' | 'dark' | 'system';

const KEY = 'drishti.theme';

/** Light, dark, or as the system has it. Kept as plain text, since `theme.js` reads it before the app is there. */
class Theme {
  choice = $state<ThemeChoice>(stored());

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    const root = document.documentElement;
    if (choice === 'system') delete root.dataset.theme;
    else root.dataset.theme = choice;
    try {
      if (choice === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Without storage the choice holds until the page is left.
    }
  }
}

function stored(): ThemeChoice {
  const theme = document.documentElement.dataset.theme;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export const theme = new Theme();
