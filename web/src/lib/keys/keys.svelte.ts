import { untrack } from 'svelte';

/** A key, or several one after the other, and what it does. */
export interface Shortcut {
  /** As `KeyboardEvent.key` names them, with a blank between keys that follow each other: `g a`, `Shift+ArrowDown`. */
  keys: string;
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
  /** Not in the list of keys, for second spellings. */
  isHidden?: boolean;
  /** Where the key keeps its own meaning: a selector of what the focus is in. What can be scrolled needs its arrows. */
  notIn?: string;
}

const SEQUENCE_MILLISECONDS = 1_200;

/** The keys that work at present. What was added last wins, so that a view can take over a key. */
class Keys {
  #layers = $state.raw<readonly (() => Shortcut[])[]>([]);
  /** Whether none of them works, since something else has to be done first. */
  isHeld = false;
  #before = '';
  #beforeAt = 0;

  constructor() {
    document.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Adds keys for as long as a component lives; call it in an `$effect`. */
  add(shortcuts: () => Shortcut[]): () => void {
    this.#layers = [...untrack(() => this.#layers), shortcuts];
    return () => (this.#layers = untrack(() => this.#layers).filter((each) => each !== shortcuts));
  }

  get all(): Shortcut[] {
    return this.#layers.flatMap((layer) => layer());
  }

  #press(event: KeyboardEvent): void {
    if (this.isHeld || event.defaultPrevented || event.isComposing) return;
    const key = spelled(event);
    const isCommand = event.metaKey || event.ctrlKey;
    if (!isCommand && (isTyping(event.target) || document.querySelector('dialog[open]'))) return;
    if (key === 'Enter' && event.target instanceof Element && event.target.closest('a, button, summary, input')) return;
    const sequence = event.timeStamp - this.#beforeAt < SEQUENCE_MILLISECONDS ? `${this.#before} ${key}` : key;
    const { target } = event;
    const shortcuts = this.all.filter(({ notIn }) => !notIn || !(target instanceof Element) || !target.closest(notIn));
    const found =
      shortcuts.findLast((each) => each.keys === sequence) ?? shortcuts.findLast((each) => each.keys === key);
    this.#before = key;
    this.#beforeAt = event.timeStamp;
    if (!found) return;
    // Else a key that opens a dialog would also press the button that gets the focus there.
    event.preventDefault();
    this.#beforeAt = 0;
    found.run(event);
  }
}

function spelled(event: KeyboardEvent): string {
  const command = event.metaKey || event.ctrlKey ? 'Command+' : '';
  const shift = event.shiftKey && event.key.length > 1 ? 'Shift+' : '';
  return `${command}${shift}${command ? event.key.toLowerCase() : event.key}`;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

export const keys = new Keys();

/** A shortcut as it is shown: `⌘K` or `Ctrl K`, `g then a`. */
export function shown(keyNames: string): string[] {
  const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
  const names: Record<string, string> = {
    Command: isApple ? '⌘' : 'Ctrl',
    Shift: '⇧',
    ArrowUp: '↑',
    ArrowDown: '↓',
    ArrowLeft: '←',
    ArrowRight: '→',
    Escape: 'Esc',
    Enter: '↵',
  };
  return keyNames.split(/[ +]/).map((name) => names[name] ?? name);
}
