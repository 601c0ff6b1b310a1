import { HighlightStyle } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** How editors look, by the colours of the app. */
export const THEME = EditorView.theme({
  '&': { height: '100%', fontSize: 'var(--normal)', backgroundColor: 'var(--surface)', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--text)' },
  '.cm-cursor': { borderInlineStartColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--text-faint)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--text-faint)', border: '0' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--hover) 60%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selected)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--hover)', outline: '0' },
  '.cm-tooltip': {
    border: '1px solid var(--line-strong)',
    borderRadius: 'var(--radius)',
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--mono)',
    fontSize: 'var(--small)',
    maxHeight: '16em',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--selected)',
    color: 'var(--text)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '650', color: 'var(--accent)' },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--text-faint)', fontFamily: 'var(--font)' },
  '.cm-completionInfo': {
    padding: '6px 10px',
    fontFamily: 'var(--font)',
    fontSize: 'var(--small)',
    maxWidth: '280px',
  },
  '.cm-diagnostic': { fontFamily: 'var(--font)', fontSize: 'var(--small)', padding: '4px 10px' },
  '.cm-diagnostic-error': { borderInlineStart: '3px solid var(--critical)' },
  '.cm-diagnostic-warning': { borderInlineStart: '3px solid var(--medium-fill)' },
  '.cm-diagnostic-hint, .cm-diagnostic-info': { borderInlineStart: '3px solid var(--low-fill)' },
  // The shapes that come with the package are images in the styles.
  '.cm-lint-marker': { content: 'none', width: '9px', height: '9px', margin: '0.35em 0', borderRadius: '50%' },
  '.cm-lint-marker-error': { content: 'none', backgroundColor: 'var(--critical-fill)' },
  '.cm-lint-marker-warning': { content: 'none', backgroundColor: 'var(--medium-fill)' },
  '.cm-lint-marker-info': { content: 'none', backgroundColor: 'var(--low-fill)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--critical-fill) 1px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--medium-fill) 1px' },
  '.cm-lintRange-info': { backgroundImage: 'none' },
  '.cm-lintPoint-error::after': { borderBottomColor: 'var(--critical)' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)' },
  '.cm-panel input, .cm-panel button': { fontFamily: 'var(--font)' },
});

export const COLORS = HighlightStyle.define([
  { tag: [tags.keyword, tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--high)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: tags.typeName, color: 'var(--low)' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--text-quiet)' },
  { tag: tags.invalid, color: 'var(--critical)' },
]);
