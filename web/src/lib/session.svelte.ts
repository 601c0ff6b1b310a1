import { connection } from './connection.svelte';
import { listen } from './api/client';
import { live } from './live.svelte';
import { problemOf, problemOfAnswer, Problem } from './api/problem';
import { leaving } from './router/leaving.svelte';
import { router } from './router/router.svelte';
import { address } from './router/query';
import { forget, isText, remember, remembered } from './storage';
import { texts } from './texts';
import { toasts } from './toasts.svelte';

/** Who is signed in, as `GET /api/v1/session` says; it says null for nobody. */
export interface Operator {
  name: string;
  display_name: string | null;
  role: string;
  sources: string[] | null;
  has_totp: boolean;
  has_password: boolean;
}

/** A provider to sign in with. */
export interface Provider {
  display: string;
  path: string;
}

interface SessionAnswer {
  operator: Operator;
  expires_at: string;
}

/** What somebody may do. Everybody who gets in may read. */
export type Right = 'triage' | 'sources' | 'read_all' | 'tune' | 'audit' | 'administer';

const RIGHTS: Record<string, readonly Right[]> = {
  analyst: ['triage', 'tune'],
  auditor: ['audit'],
  admin: ['triage', 'sources', 'tune', 'audit', 'administer'],
};

/** What is about all sources at once, so that nobody has it who may see only some. */
const OF_ALL_SOURCES: readonly Right[] = ['read_all', 'tune', 'audit', 'administer'];

/** Who was signed in last in this browser, and what it remembers of their work. */
const LAST = 'operator';
const OF_ONE: readonly string[] = ['queries'];

const ADDRESS = '/api/v1/session';

/** `unasked` until the server has answered; `expired` where it knows somebody no more who has a page open. */
type Standing = 'unasked' | 'in' | 'expired' | 'out';

class Session {
  standing = $state<Standing>('unasked');
  operator = $state.raw<Operator | null>(null);
  problem = $state.raw<Problem | null>(null);

  constructor() {
    listen({ reached: (isReached) => connection.reached(isReached), refused: () => this.#expire() });
    connection.onNobody(() => this.standing === 'in' && this.#expire());
  }

  async begin(): Promise<void> {
    this.problem = null;
    try {
      const response = await fetch(ADDRESS, { credentials: 'same-origin' });
      const body = await bodyOf(response);
      if (!response.ok) throw problemOfAnswer(response.status, body);
      if (body === null) this.#expire();
      else this.#enter(body as SessionAnswer);
    } catch (cause) {
      this.problem = problemOf(cause);
      if (this.problem.isUnreachable) connection.reached(false);
    }
  }

  async signIn(name: string, password: string, code: string): Promise<void> {
    const response = await fetch(ADDRESS, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', 'X-Requested-With': 'drishti' },
      body: JSON.stringify({ name, password, ...(code ? { code } : {}) }),
    });
    const body = await bodyOf(response);
    if (!response.ok) throw problemOfAnswer(response.status, body);
    this.#enter(body as SessionAnswer);
  }

  /** The provider to sign in with; null where there is none, or where that can't be found out: the password works without. */
  async provider(): Promise<Provider | null> {
    try {
      const response = await fetch(`${ADDRESS}/methods`, { credentials: 'same-origin' });
      if (!response.ok) return null;
      const methods = (await response.json()) as { openid: Provider | null };
      return methods.openid;
    } catch {
      return null;
    }
  }

  /** Nobody may believe to be signed out who is not: what fails is said, and they stay. */
  async signOut(): Promise<void> {
    try {
      const response = await fetch(ADDRESS, {
        method: 'DELETE',
        credentials: 'same-origin',
        headers: { 'X-Requested-With': 'drishti' },
      });
      if (!response.ok && response.status !== 401) throw problemOfAnswer(response.status, await bodyOf(response));
      live.end();
      this.operator = null;
      this.standing = 'out';
      router.go('/sign-in');
    } catch (cause) {
      toasts.complain(texts.session.notSignedOut(problemOf(cause).detail));
    }
  }

  /** Why the person may not do something; nothing where they may. */
  refusal(right: Right): string | undefined {
    const role = this.operator?.role ?? '';
    if (OF_ALL_SOURCES.includes(right) && this.operator?.sources) return texts.session.notAllSources;
    if (right === 'read_all') return undefined;
    return RIGHTS[role]?.includes(right) ? undefined : texts.session.notAllowed(role);
  }

  #enter(answer: SessionAnswer): void {
    const before = this.operator?.name;
    if (before !== undefined && before !== answer.operator.name) {
      // Nothing of one person is left to another.
      leaving.forget();
      location.reload();
      return;
    }
    const last = remembered(LAST, '', isText);
    if (last !== answer.operator.name) {
      if (last) OF_ONE.forEach(forget);
      remember(LAST, answer.operator.name);
    }
    const wasExpired = this.standing === 'expired';
    this.operator = answer.operator;
    this.standing = 'in';
    live.begin();
    if (wasExpired) connection.renew();
  }

  /** Whoever works on something keeps it, and signs in above it; who has nothing yet goes to sign in. */
  #expire(): void {
    live.end();
    if (this.standing === 'in') this.standing = 'expired';
    if (this.standing === 'expired') return;
    this.standing = 'out';
    if (router.route.name !== 'sign-in') {
      router.go(address('/sign-in', { to: router.path + router.search }), { replace: true });
    }
  }
}

function bodyOf(response: Response): Promise<unknown> {
  return response.json().catch(() => null);
}

export const session = new Session();
