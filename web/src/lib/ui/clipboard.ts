import { texts } from '../texts';
import { toasts } from '../toasts.svelte';

/** Puts a text into the clipboard, and says whether that worked. */
export async function copy(text: string, done: string = texts.copied): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.say(done);
  } catch {
    toasts.complain(texts.notCopied);
  }
}
