import type { Problem as ProblemDocument } from './schema';
import { texts } from '../texts';

/** Why something did not work, in words for a person. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    readonly hint: string,
  ) {
    super(detail);
  }

  /** Whether the server could not be reached at all. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }

  /** Whether the thing itself was changed by somebody else meanwhile. */
  get isConflict(): boolean {
    return this.status === 412;
  }
}

/** Any failure as a problem. */
export function problemOf(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  if (cause instanceof TypeError) return unreachable();
  return new Problem('unexpected', -1, cause instanceof Error ? cause.message : String(cause), '');
}

/** What a page says that failed while it was shown. */
export function brokenPage(cause: unknown): Problem {
  return new Problem('broken_page', -1, texts.problems.brokenPage, problemOf(cause).detail);
}

export function unreachable(): Problem {
  return new Problem('unreachable', 0, texts.problems.unreachable, texts.problems.unreachableHint);
}

/** The problem of an answer that is a failure; proxies answer without a problem document. */
export function problemOfAnswer(status: number, body: unknown): Problem {
  if (typeof body === 'object' && body !== null && 'code' in body && 'detail' in body) {
    const { code, detail, hint } = body as ProblemDocument;
    return new Problem(code, status, detail, hint ?? '');
  }
  if (status >= 502 && status <= 504) return unreachable();
  return new Problem('unexpected', status, texts.problems.unexpected(status), '');
}
