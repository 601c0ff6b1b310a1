import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  defaultHighlightStyle,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { DraftRemark, PolicyField } from '../../../lib/api/schema';

/** What is known for completion. */
export interface Vocabulary {
  fields: readonly PolicyField[];
  eventTypes: readonly string[];
}

export interface Options {
  /** Where the editor is put. In a shadow root its styles are no elements of the page, which the security policy would refuse. */
  parent: ShadowRoot;
  text: string;
  label: string;
  vocabulary: () => Vocabulary;
  change: (text: string) => void;
}

const THEME = EditorView.theme({
  '&': { height: '100%', fontSize: '0.78rem', backgroundColor: 'var(--surface)', color: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--text-faint)', border: '0' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--hover) 60%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selected)',
  },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line-strong)', color: 'var(--text)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-strong)', color: '#fff' },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--text-faint)', fontFamily: 'var(--font)' },
  '.cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail': { color: '#fff' },
  '.cm-diagnostic': { fontFamily: 'var(--font)', fontSize: '0.78rem', padding: '4px 10px' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--critical)' },
  '.cm-diagnostic-warning': { borderLeft: '3px solid var(--medium-fill)' },
  '.cm-diagnostic-hint, .cm-diagnostic-info': { borderLeft: '3px solid var(--low-fill)' },
  // The shapes that come with the package are images in the styles.
  '.cm-lint-marker': { content: 'none', width: '9px', height: '9px', margin: '0.35em 0', borderRadius: '50%' },
  '.cm-lint-marker-error': { content: 'none', backgroundColor: 'var(--critical-fill)' },
  '.cm-lint-marker-warning': { content: 'none', backgroundColor: 'var(--medium-fill)' },
  '.cm-lint-marker-info': { content: 'none', backgroundColor: 'var(--low-fill)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--critical-fill) 1px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--medium-fill) 1px' },
  '.cm-lintRange-info': { backgroundImage: 'none' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)' },
  '.cm-panel input, .cm-panel button': { fontFamily: 'var(--font)' },
});

const COLORS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--high)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--text-quiet)' },
  { tag: tags.invalid, color: 'var(--critical)' },
]);

/** The text of a policy, to be edited. */
export class TextView {
  readonly #view: EditorView;
  readonly #editable = new Compartment();

  constructor({ parent, text, label, vocabulary, change }: Options) {
    this.#view = new EditorView({
      parent,
      root: parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          indentUnit.of('  '),
          bracketMatching(),
          closeBrackets(),
          highlightSelectionMatches(),
          search({ top: true }),
          yaml(),
          syntaxHighlighting(COLORS),
          syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
          autocompletion({ override: [(context) => completed(context, vocabulary())], icons: false }),
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...completionKeymap,
            ...lintKeymap,
            // Escape, then Tab leaves the field: nobody is caught in it.
            indentWithTab,
          ]),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
          EditorView.lineWrapping,
          EditorView.domEventHandlers({ beforeinput: (event, view) => replaced(event, view) }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change(update.state.doc.toString());
          }),
          this.#editable.of(EditorState.readOnly.of(false)),
          THEME,
        ],
      }),
    });
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

  /** Marks the lines that there is something to say about. */
  mark(remarks: readonly DraftRemark[]): void {
    const { doc } = this.#view.state;
    const diagnostics = remarks.map(({ level, line, problem, advice }): Diagnostic => {
      const place = doc.line(Math.min(doc.lines, Math.max(1, line ?? 1)));
      const indent = /^\s*/.exec(place.text)?.[0].length ?? 0;
      return {
        from: Math.min(place.to, place.from + indent),
        to: place.to,
        severity: level === 'error' ? 'error' : level === 'warning' ? 'warning' : 'info',
        message: advice ? `${problem}: ${advice}` : problem,
      };
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
    this.#view.dispatch({ effects: this.#editable.reconfigure(EditorState.readOnly.of(isReadOnly)) });
  }

  destroy(): void {
    this.#view.destroy();
  }
}

/**
 * Puts what is typed in the place of what is selected. Browsers that do so themselves keep the looks of what was there, in style
 * attributes, which the security policy refuses and reports.
 */
function replaced(event: InputEvent, view: EditorView): boolean {
  const { from, to, empty } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== 'insertText' || event.isComposing || empty || text === null) return false;
  const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type' });
  const isTaken = view.state.facet(EditorView.inputHandler).some((take) => take(view, from, to, text, insert));
  if (!isTaken) view.dispatch(insert());
  event.preventDefault();
  return true;
}

const DRISHTI_KEYS = [
  'name',
  'mode',
  'title',
  'subject',
  'group_by',
  'window',
  'threshold',
  'after_resolution',
  'severities',
  'scope',
  'runbook',
  'detector',
  'parameters',
  'tests',
];

/** What could stand where the cursor is. */
export function completed(context: CompletionContext, { fields, eventTypes }: Vocabulary): CompletionResult | null {
  const word = context.matchBefore(/[\w.]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, word.from - line.from);
  const key = /([\w.]+)(?:\|\w+)*\s*:\s*(?:\[[^\]]*)?['"]?$/.exec(before)?.[1] ?? keyAbove(context, before);
  if (key === 'event_type') return { from: word.from, options: eventTypes.map((label) => ({ label })) };
  const field = fields.find(({ name }) => name === key);
  if (field)
    return field.values.length > 0 ? { from: word.from, options: field.values.map((label) => ({ label })) } : null;
  if (/[:[]\s*['"]?$/.test(before) && !before.trimEnd().endsWith('{')) return null;
  const isUnderDrishti = sectionOf(context) === 'drishti';
  const options: Completion[] = isUnderDrishti
    ? DRISHTI_KEYS.map((label) => ({ label, apply: `${label}: ` }))
    : fields.map(({ name, meaning }) => ({ label: name, detail: meaning }));
  return { from: word.from, options, validFor: /^[\w.]*$/ };
}

/** The key to which an item of a list belongs. */
function keyAbove(context: CompletionContext, before: string): string | null {
  if (!/^\s*-\s*['"]?$/.test(before)) return null;
  const { doc } = context.state;
  for (let number = doc.lineAt(context.pos).number - 1; number > 0; number -= 1) {
    const { text } = doc.line(number);
    if (!/^\s*-/.test(text)) return /^\s*([\w.]+)(?:\|\w+)*\s*:\s*$/.exec(text)?.[1] ?? null;
  }
  return null;
}

/** The key at the margin under which the cursor is. */
function sectionOf(context: CompletionContext): string | null {
  const { doc } = context.state;
  for (let { number } = doc.lineAt(context.pos); number > 0; number -= 1) {
    const found = /^([\w-]+):/.exec(doc.line(number).text);
    if (found) return found[1] ?? null;
  }
  return null;
}
