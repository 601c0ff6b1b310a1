import { problemOf, type Problem } from './problem';

/**
 * Something that is read from the server: what is there, whether more is on its way, and what went wrong. What was there stays
 * while it is read anew, so that nothing flickers. A newer reading ends an older one.
 */
export class Remote<Data> {
  data = $state.raw<Data | null>(null);
  problem = $state.raw<Problem | null>(null);
  isLoading = $state(false);
  #controller: AbortController | null = null;

  async read(reading: (signal: AbortSignal) => Promise<Data>): Promise<void> {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    this.isLoading = true;
    try {
      const data = await reading(controller.signal);
      if (controller.signal.aborted) return;
      this.data = data;
      this.problem = null;
    } catch (cause) {
      if (controller.signal.aborted) return;
      this.problem = problemOf(cause);
    }
    if (this.#controller === controller) this.isLoading = false;
  }

  /** Forgets what was read, for when something else is wanted. */
  clear(): void {
    this.#controller?.abort();
    this.data = null;
    this.problem = null;
    this.isLoading = false;
  }
}
