import { api, ask } from '../../../lib/api/client';
import { problemOf } from '../../../lib/api/problem';
import { listed } from '../../../lib/events/asana';
import { texts } from '../../../lib/texts';
import { toasts } from '../../../lib/toasts.svelte';
import type { Draft } from './draft.svelte';
import { exampleOf, withTest } from './tests';

/** Puts collected events into the text as an example; answers whether that went well. */
export async function addExample(
  draft: Draft,
  gids: readonly string[],
  name: string,
  fires: boolean,
): Promise<boolean> {
  try {
    const pages = await Promise.all(
      gids.map((gid) => ask(api.GET('/api/v1/events', { params: { query: { gid, limit: 1 } } }))),
    );
    const events = pages.flatMap((page) => page.events).sort((a, b) => listed(a).time.localeCompare(listed(b).time));
    if (events.length === 0) {
      toasts.complain(texts.editor.noSample);
      return false;
    }
    const before = draft.text;
    draft.text = withTest(before, name, fires, events.map(exampleOf));
    toasts.say(texts.editor.testAdded(name), () => (draft.text = before));
    return true;
  } catch (cause) {
    toasts.complain(problemOf(cause).detail);
    return false;
  }
}
