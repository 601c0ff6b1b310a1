import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState, type Extension, type Text } from '@codemirror/state';
import { drawSelection, EditorView, keymap } from '@codemirror/view';
import type { Mark } from './marks';
import { COLORS, THEME } from './theme';

export interface Options {
  /** Where the editor is put. In a shadow root its styles are no elements of the page, which the security policy would refuse. */
  parent: ShadowRoot;
  text: string;
  label: string;
  isReadOnly: boolean;
  /** What it knows of a language. */
  language: Extension;
  change: (text: string) => void;
}

/** A text in some language, to be edited. */
export class Editor {
  readonly #view: EditorView;
  readonly #language = new Compartment();
  readonly #readOnly = new Compartment();

  constructor({ parent, text, label, isReadOnly, language, change }: Options) {
    const extensions = [
      // What a language says of keys goes before what is usual.
      this.#language.of(language),
      this.#readOnly.of(EditorState.readOnly.of(isReadOnly)),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      syntaxHighlighting(COLORS),
      EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
      EditorView.lineWrapping,
      EditorView.domEventHandlers({ beforeinput: replaced }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) change(update.state.doc.toString());
      }),
      THEME,
    ];
    this.#view = new EditorView({ parent, root: parent, state: EditorState.create({ doc: text, extensions }) });
  }

  /** Puts another text in, where it differs: what is the same stays, and with it the cursor. */
  setText(text: string): void {
    const before = this.#view.state.doc.toString();
    if (before === text) return;
    let from = 0;
    const most = Math.min(before.length, text.length);
    while (from < most && before[from] === text[from]) from += 1;
    let end = 0;
    while (end < most - from && before[before.length - 1 - end] === text[text.length - 1 - end]) end += 1;
    this.#view.dispatch({
      changes: { from, to: before.length - end, insert: text.slice(from, text.length - end) },
    });
  }

  /** Puts a text in the place of what is selected. */
  insert(text: string): void {
    this.#view.dispatch(this.#view.state.replaceSelection(text), { scrollIntoView: true });
    this.#view.focus();
  }

  /** Marks what there is something to say about. */
  mark(marks: readonly Mark[]): void {
    const { doc } = this.#view.state;
    const diagnostics = marks.map(({ at, level, message }): Diagnostic => {
      return { ...('line' in at ? lineOf(doc, at.line) : within(doc, at)), severity: level, message };
    });
    diagnostics.sort((a, b) => a.from - b.from);
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics));
  }

  /** Goes to a line. */
  goTo(line: number): void {
    const { doc } = this.#view.state;
    const { from } = doc.line(Math.min(doc.lines, Math.max(1, line)));
    this.#view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    this.#view.focus();
  }

  setReadOnly(isReadOnly: boolean): void {
    this.#view.dispatch({ effects: this.#readOnly.reconfigure(EditorState.readOnly.of(isReadOnly)) });
  }

  setLanguage(language: Extension): void {
    this.#view.dispatch({ effects: this.#language.reconfigure(language) });
  }

  focus(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#view.destroy();
  }
}

/** A line without its indent. */
function lineOf(doc: Text, line: number): { from: number; to: number } {
  const { from, to, text } = doc.line(Math.min(doc.lines, Math.max(1, line)));
  const indent = /^\s*/.exec(text)?.[0].length ?? 0;
  return { from: Math.min(to, from + indent), to };
}

function within(doc: Text, { from, to }: { from: number; to: number }): { from: number; to: number } {
  return { from: Math.min(from, doc.length), to: Math.min(to, doc.length) };
}

/**
 * Puts what is typed in the place of what is selected. Browsers that do so themselves keep the looks of what was there, in style
 * attributes, which the security policy refuses and reports.
 */
function replaced(event: InputEvent, view: EditorView): boolean {
  const { from, to, empty } = view.state.selection.main;
  const text = event.data;
  if (view.state.readOnly || event.inputType !== 'insertText' || event.isComposing || empty || text === null) {
    return false;
  }
  const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type' });
  const isTaken = view.state.facet(EditorView.inputHandler).some((take) => take(view, from, to, text, insert));
  if (!isTaken) view.dispatch(insert());
  event.preventDefault();
  return true;
}
