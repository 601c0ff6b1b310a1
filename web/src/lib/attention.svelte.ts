import { api, ask } from './api/client';
import type { Source } from './api/schema';
import { live, type Kind } from './live.svelte';

const HIDDEN_POLL_MILLISECONDS = 60_000;
const KINDS: readonly Kind[] = ['alert', 'alerts_gone', 'source', 'source_gone', 'health'];

/** What waits for somebody, for the navigation and the title of the tab. */
class Attention {
  /** New alerts. */
  alerts = $state(0);
  /** Sources that don't work. */
  sources = $state(0);
  #asked = 0;
  #answered = 0;

  /** Counts, and counts again when something changes, until the answer is called. */
  follow(): () => void {
    void this.#count();
    const stop = live.on(KINDS, () => this.#count());
    // The title of a hidden tab is all that can be seen of it.
    const timer = setInterval(
      () => document.visibilityState === 'hidden' && void this.#count(),
      HIDDEN_POLL_MILLISECONDS,
    );
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  async #count(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const [counts, { sources }] = await Promise.all([
        ask(api.GET('/api/v1/alerts/counts', { params: { query: { state: ['new'] } } })),
        ask(api.GET('/api/v1/sources')),
      ]);
      // An answer that a newer one overtook says what was.
      if (asked < this.#answered) return;
      this.#answered = asked;
      this.alerts = counts.states.new ?? 0;
      this.sources = sources.filter(isBroken).length;
    } catch {
      // What can't be counted now stays as it was; the page says what is wrong.
    }
  }
}

/** Whether a source needs somebody. */
export function isBroken({ status }: Source): boolean {
  return status !== null && status.status === 'Unhealthy';
}

export const attention = new Attention();
