const TRY_AGAIN_MILLISECONDS = 3_000;

/** Whether the server can be reached. While it can't, it is tried again and again; `healed` counts how often it came back. */
class Connection {
  isLost = $state(false);
  healed = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nobody: () => void = () => {};

  constructor() {
    addEventListener('offline', () => this.reached(false));
    addEventListener('online', () => void this.tryNow());
  }

  /** Calls `then` when the server answers again, and knows us no more. */
  onNobody(then: () => void): void {
    this.#nobody = then;
  }

  reached(isReached: boolean): void {
    if (isReached === !this.isLost) return;
    this.isLost = !isReached;
    if (isReached) this.healed += 1;
    else this.#later();
  }

  /** What was asked in vain meanwhile is asked again, as after a loss of the connection. */
  renew(): void {
    this.healed += 1;
  }

  async tryNow(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const response = await fetch('/api/v1/session', { cache: 'no-store', credentials: 'same-origin' });
      const session = await response.text();
      this.reached(response.status < 500);
      if (response.ok && session === 'null') this.#nobody();
    } catch {
      this.reached(false);
    }
    if (this.isLost) this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.tryNow(), TRY_AGAIN_MILLISECONDS);
  }
}

export const connection = new Connection();
