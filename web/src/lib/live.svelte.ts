import type { StreamChange } from './api/schema';
import { connection } from './connection.svelte';

export type Kind = StreamChange['kind'];

/** What is told within this time is told together: one reading answers it all. */
const GATHER_MILLISECONDS = 300;
/** How often is asked while nothing is told. */
const POLL_MILLISECONDS = 30_000;
const TRY_AGAIN_MILLISECONDS = 10_000;

interface Listener {
  kinds: readonly Kind[];
  /** What it answers is waited for before it is told anything again. */
  tell: (changes: readonly StreamChange[]) => unknown;
  isBusy: boolean;
  /** What it was not told yet. */
  waiting: StreamChange[];
}

/**
 * What changes on the server, as it says so by itself: one stream a tab, and none while the tab is hidden, since a browser has six
 * connections to a server for all its tabs. While there is none, listeners are told to look by themselves from time to time.
 */
class Live {
  /** Whether changes are told as they come. */
  isFollowing = $state(false);
  #wanted = false;
  #stream: EventSource | null = null;
  /** The place up to which everything was told. */
  #place = '';
  #listeners = new Set<Listener>();
  #gathered: StreamChange[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#update());
    addEventListener('online', () => this.#update());
  }

  begin(): void {
    this.#wanted = true;
    this.#update();
  }

  end(): void {
    this.#wanted = false;
    this.#update();
  }

  /** Tells of changes of some kinds, and of those that may have been missed, until the answer is called. */
  on(kinds: readonly Kind[], tell: Listener['tell']): () => void {
    const listener: Listener = { kinds, tell, isBusy: false, waiting: [] };
    this.#listeners.add(listener);
    const timer = setInterval(() => {
      if (!this.isFollowing && document.visibilityState === 'visible') void this.#inform(listener, [{ kind: 'reset' }]);
    }, POLL_MILLISECONDS);
    return () => {
      clearInterval(timer);
      this.#listeners.delete(listener);
    };
  }

  #update(): void {
    const isWanted = this.#wanted && document.visibilityState === 'visible';
    if (isWanted && !this.#stream) this.#open();
    if (!isWanted) this.#close();
  }

  #open(): void {
    clearTimeout(this.#again);
    const after = this.#place ? `?after=${encodeURIComponent(this.#place)}` : '';
    const stream = new EventSource(`/api/v1/stream${after}`);
    this.#stream = stream;
    stream.onopen = () => {
      this.isFollowing = true;
      connection.reached(true);
    };
    stream.onmessage = ({ data, lastEventId }: MessageEvent<string>) => {
      this.#place = lastEventId;
      this.#gather(JSON.parse(data) as StreamChange);
    };
    stream.onerror = () => {
      this.isFollowing = false;
      // It connects again by itself, unless it was refused; and whoever ended it may have ended the session.
      if (stream.readyState === EventSource.CLOSED) this.#later();
      void connection.tryNow();
    };
  }

  #close(): void {
    clearTimeout(this.#again);
    this.#stream?.close();
    this.#stream = null;
    this.isFollowing = false;
  }

  #later(): void {
    this.#close();
    this.#again = setTimeout(() => this.#update(), TRY_AGAIN_MILLISECONDS);
  }

  #gather(change: StreamChange): void {
    if (change.kind === 'ready') return;
    this.#gathered.push(change);
    this.#gathering ??= setTimeout(() => this.#tell(), GATHER_MILLISECONDS);
  }

  #tell(): void {
    const changes = this.#gathered;
    this.#gathered = [];
    this.#gathering = undefined;
    for (const listener of this.#listeners) {
      const heard = changes.filter(({ kind }) => kind === 'reset' || listener.kinds.includes(kind));
      if (heard.length > 0) void this.#inform(listener, heard);
    }
  }

  /** Else whoever reads for longer than changes take to follow each other would begin again and again, and never be done. */
  async #inform(listener: Listener, changes: readonly StreamChange[]): Promise<void> {
    listener.waiting.push(...changes);
    if (listener.isBusy) return;
    listener.isBusy = true;
    while (listener.waiting.length > 0 && this.#listeners.has(listener)) {
      const heard = listener.waiting;
      listener.waiting = [];
      try {
        await listener.tell(heard);
      } catch {
        // Whoever reads says by themselves what is wrong.
      }
      if (listener.waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, GATHER_MILLISECONDS));
    }
    listener.isBusy = false;
  }
}

export const live = new Live();

/** Whether something about a source is among the changes. */
export function isAbout(changes: readonly StreamChange[], source: string): boolean {
  return changes.some(
    (change) =>
      change.kind === 'reset' ||
      ('source' in change && change.source === source) ||
      ('name' in change && change.name === source),
  );
}
