// Runs before the first paint, so that nobody who chose dark sees a white flash.
try {
  const theme = localStorage.getItem('drishti.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme holds.
}
