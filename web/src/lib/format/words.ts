/** `user_login_succeeded` for people: `User login succeeded`. */
export function words(name: string): string {
  const text = name.replaceAll('_', ' ').trim();
  return text ? text.charAt(0).toUpperCase() + text.slice(1) : name;
}

/** `1 alert`, `3 alerts`. */
export function plural(count: number, one: string, many: string, shown: string = String(count)): string {
  return `${shown} ${count === 1 ? one : many}`;
}
