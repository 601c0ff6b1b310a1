/** Where to go after signing in: only addresses of this app. */
export function wayBack(to: string | null): string {
  if (!to?.startsWith('/') || /^\/[/\\]/.test(to)) return '/';
  return to.startsWith('/sign-in') ? '/' : to;
}
