import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completeFromList,
  completionKeymap,
} from '@codemirror/autocomplete';
import type { Completion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { QueryTables } from '../../lib/api/schema';
import type { Place } from './place';

export interface SqlEditor {
  get: () => string;
  set: (text: string) => void;
  insert: (text: string) => void;
  mark: (place: Place | null, message: string) => void;
  focus: () => void;
  destroy: () => void;
}

interface Options {
  parent: ShadowRoot;
  text: string;
  label: string;
  hint: string;
  tables: QueryTables | null;
  changed: (text: string) => void;
  run: () => void;
}

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { padding: '10px 12px', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0' },
  '.cm-cursor': { borderInlineStartColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--text-faint)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selected)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--hover)', outline: '0' },
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: '8px',
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px', maxHeight: '16em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--selected)',
    color: 'var(--text)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '650', color: 'var(--accent)' },
  '.cm-completionDetail': { color: 'var(--text-faint)', fontStyle: 'normal' },
  '.cm-completionInfo': { padding: '6px 10px', fontSize: '12px', maxWidth: '280px', fontFamily: 'var(--font)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--critical)',
    textUnderlineOffset: '3px',
  },
  '.cm-lintPoint-error::after': { borderBottomColor: 'var(--critical)' },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--font)', borderInlineStart: '3px solid var(--critical)' },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--high)' },
  { tag: [tags.lineComment, tags.blockComment], color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: tags.typeName, color: 'var(--low)' },
]);

function language(tables: QueryTables | null) {
  const schema: Record<string, Completion[]> = {};
  for (const { name, columns } of tables?.tables ?? []) {
    schema[name] = columns.map((column) => ({
      label: column.name,
      type: 'property',
      detail: column.kind,
      info: column.meaning,
      boost: 1,
    }));
  }
  const functions = (tables?.functions ?? []).map((name): Completion => ({
    label: name,
    type: 'function',
    apply: `${name}(`,
    boost: -1,
  }));
  return [
    sql({ dialect: PostgreSQL, schema, defaultTable: 'events' }),
    PostgreSQL.language.data.of({ autocomplete: completeFromList(functions) }),
  ];
}

const typing = EditorView.domEventHandlers({
  // Where text replaces a selection, Chromium would keep the selection's look by inline styles, which the policy stops and reports.
  beforeinput: (event, view) => {
    const isPlain = event.inputType === 'insertText' && !view.composing;
    if (!isPlain || !event.data || view.state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

/**
 * An editor of SQL. It lives in a shadow tree, since only there the styles that it makes are sheets of their own: as elements the
 * security policy would stop them.
 */
export function createEditor({ parent, text, label, hint, tables, changed, run }: Options): SqlEditor {
  const runs = Prec.highest(keymap.of([{ key: 'Mod-Enter', run: () => (run(), true) }]));
  const view = new EditorView({
    parent,
    root: parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        runs,
        typing,
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        // Tab stays what it is everywhere: the way to the next field.
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        language(tables),
        syntaxHighlighting(colours),
        placeholder(hint),
        theme,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  const replace = (from: number, to: number, insert: string) =>
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, scrollIntoView: true });
  return {
    get: () => view.state.doc.toString(),
    set: (wanted) => {
      if (wanted !== view.state.doc.toString()) replace(0, view.state.doc.length, wanted);
    },
    insert: (wanted) => {
      const { from, to } = view.state.selection.main;
      replace(from, to, wanted);
      view.focus();
    },
    mark: (place, message) => {
      const end = view.state.doc.length;
      const marks = place
        ? [{ from: Math.min(place.from, end), to: Math.min(place.to, end), severity: 'error' as const, message }]
        : [];
      view.dispatch(setDiagnostics(view.state, marks));
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
