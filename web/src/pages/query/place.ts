/** A part of a text. */
export interface Place {
  from: number;
  to: number;
}

/** Which part of a query the server's words are about: the place that they name, or the name that they quote. */
export function placeOf(sql: string, message: string): Place | null {
  const named = /Line: (\d+), Column: (\d+)/.exec(message);
  if (named) {
    const from = offsetOf(sql, Number(named[1]), Number(named[2]));
    const word = /^\S+/.exec(sql.slice(from))?.[0].length ?? 0;
    return { from, to: Math.min(sql.length, from + Math.max(1, word)) };
  }
  const quoted = /(?:No field named|table|function|column) ['"`]?([\w$]+(?:\.[\w$]+)*)/i.exec(message)?.[1];
  // Names may come with the table before them, which the text need not have.
  for (const name of quoted ? [quoted, quoted.slice(quoted.lastIndexOf('.') + 1)] : []) {
    const found = new RegExp(`(?<![\\w])${escaped(name)}(?![\\w])`, 'i').exec(sql);
    if (name && found) return { from: found.index, to: found.index + name.length };
  }
  return null;
}

function offsetOf(sql: string, line: number, column: number): number {
  const before = sql.split('\n').slice(0, line - 1);
  const start = before.reduce((sum, text) => sum + text.length + 1, 0);
  return Math.max(0, Math.min(sql.length, start + column - 1));
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
