import { keys } from '../../lib/keys/keys.svelte';
import { texts } from '../../lib/texts';

interface Triage {
  step(by: number): void;
  extend(by: number): void;
  toggle(isRange: boolean): void;
  open(): void;
  review(): void;
  resolve(): void;
  assign(): void;
  comment(): void;
  selectAll(): void;
  goBack(): void;
}

/** The keys of the triage list, for as long as it is there. */
export function triageKeys(triage: Triage): () => void {
  const group = texts.keys.alerts;
  const label = texts.keys;
  const notIn = 'article';
  return keys.add(() => [
    { keys: 'j', label: label.next, group, run: () => triage.step(1) },
    { keys: 'k', label: label.previous, group, run: () => triage.step(-1) },
    { keys: 'ArrowDown', label: label.next, group, run: () => triage.step(1), isHidden: true, notIn },
    { keys: 'ArrowUp', label: label.previous, group, run: () => triage.step(-1), isHidden: true, notIn },
    { keys: 'Enter', label: label.open, group, run: () => triage.open() },
    { keys: 'x', label: label.select, group, run: () => triage.toggle(false) },
    { keys: 'X', label: label.select, group, run: () => triage.toggle(true), isHidden: true },
    { keys: 'Shift+ArrowDown', label: label.selectMore, group, run: () => triage.extend(1) },
    { keys: 'Shift+ArrowUp', label: label.selectLess, group, run: () => triage.extend(-1) },
    { keys: 'J', label: label.selectMore, group, run: () => triage.extend(1), isHidden: true },
    { keys: 'K', label: label.selectLess, group, run: () => triage.extend(-1), isHidden: true },
    { keys: '*', label: label.selectAll, group, run: () => triage.selectAll() },
    { keys: 'e', label: label.review, group, run: () => triage.review() },
    { keys: 'r', label: label.resolve, group, run: () => triage.resolve() },
    { keys: 'a', label: label.assign, group, run: () => triage.assign() },
    { keys: 'c', label: label.comment, group, run: () => triage.comment() },
    { keys: 'Escape', label: label.back, group, run: () => triage.goBack() },
  ]);
}
