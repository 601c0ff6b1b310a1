import { toasts } from '../toasts.svelte';
import { problemOf } from './problem';
import { Remote } from './remote.svelte';

/** A list that is read a page at a time. */
export class Paged<Data> extends Remote<Data> {
  isMoreLoading = $state(false);

  /** Reads on: `reading` takes what is there and answers it with the next page. What was read anew meanwhile counts. */
  async more(reading: (data: Data) => Promise<Data>): Promise<void> {
    const before = this.data;
    if (before === null || this.isMoreLoading || this.isLoading) return;
    this.isMoreLoading = true;
    try {
      const data = await reading(before);
      if (this.data === before) this.data = data;
    } catch (cause) {
      toasts.complain(problemOf(cause).detail);
    }
    this.isMoreLoading = false;
  }
}
