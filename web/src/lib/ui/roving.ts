/**
 * Makes one stop of the tab key out of many links that lie close together: the arrows go from one to the next, Home and End to the
 * ends. The last one is where it begins.
 */
export function roving(group: Element): { destroy: () => void } {
  const links = () => [...group.querySelectorAll<HTMLElement | SVGAElement>('a')];
  const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

  function enter(to: Element | undefined): void {
    for (const link of links()) link.setAttribute('tabindex', link === to ? '0' : '-1');
  }

  function press(event: Event): void {
    if (!(event instanceof KeyboardEvent) || event.metaKey || event.ctrlKey || event.altKey) return;
    const all = links();
    const here = all.findIndex((link) => link === document.activeElement);
    const step = STEPS[event.key];
    const place = event.key === 'Home' ? 0 : event.key === 'End' ? all.length - 1 : step && here + step;
    const to = place === undefined || here < 0 ? undefined : all[place];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    enter(to);
    to.focus();
  }

  /** Days come and go; one of them can always be reached. */
  const observer = new MutationObserver(() => {
    if (!links().some((link) => link.getAttribute('tabindex') === '0')) enter(links().at(-1));
  });
  enter(links().at(-1));
  observer.observe(group, { childList: true, subtree: true });
  group.addEventListener('keydown', press);
  return {
    destroy: () => {
      observer.disconnect();
      group.removeEventListener('keydown', press);
    },
  };
}
