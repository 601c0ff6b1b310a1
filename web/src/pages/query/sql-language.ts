import { autocompletion, completeFromList, type Completion } from '@codemirror/autocomplete';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import type { Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import type { QueryTables } from '../../lib/api/schema';

export interface Options {
  /** What can be asked about; null where that could not be found out. */
  tables: QueryTables | null;
  hint: string;
  run: () => void;
}

/** SQL over the tables. Tab stays what it is everywhere: the way to the next field. */
export function sqlLanguage({ tables, hint, run }: Options): Extension {
  return [
    keymap.of([{ key: 'Mod-Enter', run: () => (run(), true) }]),
    known(tables),
    autocompletion({ icons: false }),
    placeholder(hint),
    EditorView.theme({ '.cm-line': { padding: '0 12px' } }),
  ];
}

function known(tables: QueryTables | null): Extension {
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
