import { api, ask } from '../../lib/api/client';
import { Paged } from '../../lib/api/paged.svelte';
import type { Person } from '../../lib/api/schema';
import { peopleQuery, type PeopleFilters } from './filters';

const PAGE_SIZE = 100;

type Query = ReturnType<typeof peopleQuery>;

/** The people that are listed. */
export class PeopleList {
  readonly page = new Paged<{ people: Person[]; total: number; next: string | null }>();
  /** Kept for the pages that follow, which must not go by a later now. */
  #query: Query | null = null;

  get isMoreLoading(): boolean {
    return this.page.isMoreLoading;
  }

  get people(): Person[] {
    return this.page.data?.people ?? [];
  }

  read(filters: PeopleFilters): Promise<void> {
    const query = peopleQuery(filters, Date.now());
    this.#query = query;
    return this.page.read((signal) => this.#ask(query, null, signal));
  }

  async more(): Promise<void> {
    const query = this.#query;
    if (!this.page.data?.next || !query) return;
    await this.page.more(async ({ people, next }) => {
      const page = await this.#ask(query, next);
      return { ...page, people: [...people, ...unseen(people, page.people)] };
    });
  }

  async #ask(query: Query, cursor: string | null, signal?: AbortSignal) {
    const parameters = { ...query, cursor: cursor ?? undefined, limit: PAGE_SIZE };
    const { people, total, next_cursor } = await ask(
      api.GET('/api/v1/people', { params: { query: parameters }, signal }),
    );
    return { people, total, next: next_cursor };
  }
}

/** Who moved down between two pages is listed once. */
function unseen(known: readonly Person[], more: readonly Person[]): Person[] {
  const ids = new Set(known.map(({ id }) => id));
  return more.filter(({ id }) => !ids.has(id));
}
