const WAIT_MILLISECONDS = 4_000;

/**
 * The way to a page, from when it is asked for. Once the page is there, it begins: the screen reader at its title, the eyes at `top`,
 * which is where they were when they come back. Page, title and height may come later; whoever does something meanwhile is left alone.
 */
export function setOut(): { arrive: (content: HTMLElement, top: number) => void } {
  const since = performance.now();
  const controller = new AbortController();
  const { signal } = controller;
  for (const name of ['wheel', 'pointerdown', 'keydown']) {
    // What led to the page may still be on its way up to the window.
    const end = (event: Event) => event.timeStamp > since && controller.abort();
    addEventListener(name, end, { signal, passive: true });
  }

  function arrive(content: HTMLElement, top: number): void {
    if (signal.aborted) return;
    const observer = new MutationObserver(look);
    const timer = setTimeout(() => controller.abort(), WAIT_MILLISECONDS);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      clearTimeout(timer);
    });
    content.focus({ preventScroll: true });
    observer.observe(content, { childList: true, subtree: true });
    look();

    function look(): void {
      content.scrollTo(0, top);
      const title = content.querySelector<HTMLElement>('h1');
      if (title && document.activeElement === content) title.focus({ preventScroll: true });
      if (title && content.scrollTop >= top) controller.abort();
    }
  }

  return { arrive };
}
