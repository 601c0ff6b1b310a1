import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete';
import { indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { defaultHighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import type { Extension } from '@codemirror/state';
import { highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import type { PolicyField } from '../../../lib/api/schema';

/** What is known for completion. */
export interface Vocabulary {
  fields: readonly PolicyField[];
  eventTypes: readonly string[];
}

/** Policies in Sigma, which is YAML. */
export function policyLanguage(vocabulary: () => Vocabulary): Extension {
  return [
    lineNumbers(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    indentOnInput(),
    indentUnit.of('  '),
    highlightSelectionMatches(),
    search({ top: true }),
    yaml(),
    syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
    autocompletion({ override: [(context) => completed(context, vocabulary())], icons: false }),
    // Escape, then Tab leaves the field: nobody is caught in it.
    keymap.of([...searchKeymap, ...lintKeymap, indentWithTab]),
  ];
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
