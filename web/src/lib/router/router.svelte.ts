import { leaving } from './leaving.svelte';
import { changed, type Query } from './query';
import { routeOf } from './routes';

/** Where the person is: the address, and what follows from it. */
class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  readonly route = $derived(routeOf(this.path));
  readonly query = $derived(new URLSearchParams(this.search));

  /** How far down the page was when it was left, where somebody comes back to it. */
  top = 0;
  #tops = new Map<number, number>();
  /** Which entry of the history this is. */
  #place = placeOf(history.state);
  /** Whether the browser is on its way back to where it was, since nobody has said yet that they want to leave. */
  #isReturning = false;

  constructor() {
    history.scrollRestoration = 'auto';
    history.replaceState({ place: this.#place }, '', location.href);
    addEventListener('popstate', ({ state }) => this.#move(placeOf(state)));
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to an address of this app. A page that holds something unsaved is left when that was said to be all right. */
  go(href: string, { replace = false } = {}): void {
    if (new URL(href, location.href).pathname === this.path) this.#enter(href, replace);
    else leaving.ask(() => this.#enter(href, replace));
  }

  /** Changes parts of the view's state. Typing replaces the entry of the history, a choice adds one. */
  set(changes: Query, { replace = false } = {}): void {
    this.go(this.path + changed(this.search, changes), { replace });
  }

  #enter(href: string, replace: boolean): void {
    this.#remember();
    this.top = 0;
    if (replace) history.replaceState({ place: this.#place }, '', href);
    else if (href !== location.pathname + location.search) {
      this.#place += 1;
      history.pushState({ place: this.#place }, '', href);
    }
    this.#arrive();
  }

  /** After «back» and «forward», when the browser is already there. */
  #move(place: number): void {
    const by = place - this.#place;
    if (this.#isReturning) {
      this.#isReturning = false;
    } else if (by !== 0 && location.pathname !== this.path && leaving.isHeld) {
      this.#isReturning = true;
      history.go(-by);
      leaving.ask(() => history.go(by));
    } else {
      this.#remember();
      this.#place = place;
      this.top = this.#tops.get(place) ?? 0;
      this.#arrive();
    }
  }

  #remember(): void {
    this.#tops.set(this.#place, document.getElementById('content')?.scrollTop ?? 0);
  }

  #arrive(): void {
    this.path = location.pathname;
    this.search = location.search;
  }

  #follow(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

function placeOf(state: unknown): number {
  const place = typeof state === 'object' && state !== null && 'place' in state ? state.place : 0;
  return typeof place === 'number' ? place : 0;
}

export const router = new Router();
