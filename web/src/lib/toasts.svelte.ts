const SHOWN_MILLISECONDS = 8_000;

export interface Toast {
  id: number;
  text: string;
  isProblem: boolean;
  undo?: () => void;
}

/** Short words about what was just done, with the way back. */
class Toasts {
  list = $state.raw<Toast[]>([]);
  #last = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, undo?: () => void): void {
    this.#add({ id: ++this.#last, text, isProblem: false, undo });
  }

  complain(text: string): void {
    this.#add({ id: ++this.#last, text, isProblem: true });
  }

  /** Undoes what one tells of. */
  undo({ id, undo }: Toast): void {
    undo?.();
    this.close(id);
  }

  /** Undoes what was done last; answers whether there was something. */
  undoLast(): boolean {
    const toast = this.list.findLast((each) => each.undo);
    if (toast) this.undo(toast);
    return toast !== undefined;
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Nobody should have to read in a hurry. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), SHOWN_MILLISECONDS),
    );
  }

  #add(toast: Toast): void {
    this.list = [...this.list.slice(-2), toast];
    this.release(toast.id);
  }
}

export const toasts = new Toasts();
