import { untrack } from 'svelte';

/** Dialogs that are open: what is beneath the topmost one can be neither pressed nor heard. */
class Layers {
  #open = $state.raw<readonly string[]>([]);

  /** The topmost one; null where none is open. */
  get top(): string | null {
    return this.#open.at(-1) ?? null;
  }

  /** Puts one above all others until the answer is called; call it in an `$effect`. */
  add(layer: string): () => void {
    this.#open = [...untrack(() => this.#open), layer];
    return () => (this.#open = untrack(() => this.#open).filter((each) => each !== layer));
  }
}

export const layers = new Layers();
