/** What would be lost by leaving the page, and the question that comes before it is. */
class Leaving {
  /** Goes where somebody wants to go; whether they mean it, they have not said yet. */
  wanted = $state.raw<(() => void) | null>(null);
  #holders = new Set<() => boolean>();

  constructor() {
    addEventListener('beforeunload', (event) => this.isHeld && event.preventDefault());
  }

  /** Whether something is not saved. */
  get isHeld(): boolean {
    return [...this.#holders].some((isUnsaved) => isUnsaved());
  }

  /** Lets nobody leave unasked while something is not saved, until the answer is called. */
  hold(isUnsaved: () => boolean): () => void {
    this.#holders.add(isUnsaved);
    return () => this.#holders.delete(isUnsaved);
  }

  /** Goes: at once where nothing is lost by it, else when that is said to be all right. */
  ask(go: () => void): void {
    if (this.isHeld) this.wanted = go;
    else go();
  }

  stay(): void {
    this.wanted = null;
  }

  /** Gives up what is not saved, and goes. */
  leave(): void {
    const go = this.wanted;
    this.wanted = null;
    this.forget();
    go?.();
  }

  /** Gives up what is not saved. */
  forget(): void {
    this.#holders.clear();
  }
}

export const leaving = new Leaving();
