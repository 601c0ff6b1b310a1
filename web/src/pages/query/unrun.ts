const STORED = 'drishti.unrun-query';

interface Unrun {
  operator: string;
  /** The query in the address beside which it was written; empty where there was none. */
  beside: string;
  text: string;
}

/** What somebody wrote in this tab and has not run, so that a look elsewhere costs nothing. */
export function unrun(operator: string, beside: string): string | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as Partial<Unrun> | null;
    // Where the address asks for nothing, it goes on with what was last.
    const isIts = kept?.operator === operator && (beside === '' || kept.beside === beside);
    return isIts && typeof kept.text === 'string' ? kept.text : null;
  } catch {
    return null;
  }
}

export function keepUnrun(operator: string, beside: string, text: string): void {
  // What is only carried along stays with the query that it was written beside.
  if (beside === '' && unrun(operator, '') === text) return;
  try {
    sessionStorage.setItem(STORED, JSON.stringify({ operator, beside, text } satisfies Unrun));
  } catch {
    // Without storage it holds until the page is left.
  }
}
