/** What was begun to be written about alerts and not sent, until the app is left: whoever looks at another alert meanwhile finds it again. */
const drafts = new Map<string, string>();

export function draftOf(alert: string): string {
  return drafts.get(alert) ?? '';
}

export function keepDraft(alert: string, text: string): void {
  if (text.trim()) drafts.set(alert, text);
  else drafts.delete(alert);
}

export function hasDrafts(): boolean {
  return drafts.size > 0;
}
