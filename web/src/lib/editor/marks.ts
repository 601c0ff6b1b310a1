/** Something to say about a part of a text. */
export interface Mark {
  /** A line, counted from 1, or the letters between two places. */
  at: { line: number } | { from: number; to: number };
  level: 'error' | 'warning' | 'info';
  message: string;
}
