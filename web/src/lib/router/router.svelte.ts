import { changed, type Query } from './query';
import { routeOf } from './routes';

/** Where the person is: the address, and what follows from it. */
class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  readonly route = $derived(routeOf(this.path));
  readonly query = $derived(new URLSearchParams(this.search));

  constructor() {
    history.scrollRestoration = 'auto';
    addEventListener('popstate', () => this.#arrive());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to an address of this app. */
  go(href: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, '', href);
    else if (href !== location.pathname + location.search) history.pushState(null, '', href);
    this.#arrive();
  }

  /** Changes parts of the view's state. Typing replaces the entry of the history, a choice adds one. */
  set(changes: Query, { replace = false } = {}): void {
    this.go(this.path + changed(this.search, changes), { replace });
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

export const router = new Router();
