const WAIT_MILLISECONDS = 4_000;

/**
 * Begins a page: the screen reader at its title, the eyes at `top`, which is where they were when they come back. Title and height
 * may come later than the page, with what it shows; whoever goes on meanwhile is left alone.
 */
export function arrive(content: HTMLElement, top: number): void {
  const controller = new AbortController();
  const end = () => {
    observer.disconnect();
    controller.abort();
    clearTimeout(timer);
  };
  const observer = new MutationObserver(look);
  const timer = setTimeout(end, WAIT_MILLISECONDS);
  for (const name of ['wheel', 'pointerdown', 'keydown']) {
    addEventListener(name, end, { signal: controller.signal, passive: true });
  }
  content.focus({ preventScroll: true });
  observer.observe(content, { childList: true, subtree: true });
  look();

  function look(): void {
    content.scrollTo(0, top);
    const title = content.querySelector<HTMLElement>('h1');
    if (title && document.activeElement === content) title.focus({ preventScroll: true });
    if (title && content.scrollTop >= top) end();
  }
}
