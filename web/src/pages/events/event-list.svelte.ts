import { api, ask } from '../../lib/api/client';
import { problemOf } from '../../lib/api/problem';
import { Remote } from '../../lib/api/remote.svelte';
import type { Facets, Histogram } from '../../lib/api/schema';
import { widthFor } from '../../lib/charts/bars';
import { listed, type ListedEvent } from '../../lib/events/asana';
import { toasts } from '../../lib/toasts.svelte';
import { FACETS, FACET_VALUES } from './facets';
import { eventQuery, type EventFilters } from './filters';

/** The first page is there at once; those that come while one scrolls have more. */
const PAGE_SIZE = 100;
const NEXT_PAGE_SIZE = 500;
const BARS_MAX = 120;
const UNBOUNDED_MILLISECONDS = 90 * 86_400_000;

/** The events that are listed, and how many there are over time. */
export class EventList {
  readonly page = new Remote<{ events: ListedEvent[]; next: string | null }>();
  readonly histogram = new Remote<Histogram>();
  readonly facets = new Remote<Facets>();
  isMoreLoading = $state(false);
  #query: ReturnType<typeof eventQuery> | null = null;

  get events(): ListedEvent[] {
    return this.page.data?.events ?? [];
  }

  async read(filters: EventFilters): Promise<void> {
    const query = eventQuery(filters, Date.now());
    this.#query = query;
    await Promise.all([this.#readPage(query), this.#readHistogram(query), this.#readFacets(query)]);
  }

  async more(): Promise<void> {
    const { page } = this;
    const before = page.data;
    if (!before?.next || this.isMoreLoading || page.isLoading || !this.#query) return;
    this.isMoreLoading = true;
    try {
      const query = { ...this.#query, limit: NEXT_PAGE_SIZE, cursor: before.next };
      const next = await ask(api.GET('/api/v1/events', { params: { query } }));
      if (page.data === before)
        page.data = { events: [...before.events, ...next.events.map(listed)], next: next.next_cursor };
    } catch (cause) {
      toasts.complain(problemOf(cause).detail);
    }
    this.isMoreLoading = false;
  }

  #readPage(query: ReturnType<typeof eventQuery>): Promise<void> {
    return this.page.read(async (signal) => {
      const { events, next_cursor: next } = await ask(
        api.GET('/api/v1/events', { params: { query: { ...query, limit: PAGE_SIZE } }, signal }),
      );
      return { events: events.map(listed), next };
    });
  }

  #readHistogram(query: ReturnType<typeof eventQuery>): Promise<void> {
    const { from, to } = spanOf(query);
    const bucket = widthFor((Date.parse(to) - Date.parse(from)) / 1000, BARS_MAX);
    return this.histogram.read((signal) =>
      ask(api.GET('/api/v1/events/histogram', { params: { query: { ...query, from, to, bucket } }, signal })),
    );
  }

  #readFacets(query: ReturnType<typeof eventQuery>): Promise<void> {
    const span = spanOf(query);
    return this.facets.read((signal) =>
      ask(
        api.GET('/api/v1/events/facets', {
          params: { query: { ...query, ...span, field: [...FACETS], values: FACET_VALUES } },
          signal,
        }),
      ),
    );
  }
}

/** The span that is counted. Events are never later than now, but the server would draw a day ahead. */
function spanOf(query: ReturnType<typeof eventQuery>): { from: string; to: string } {
  const to = query.to ?? new Date().toISOString();
  return { from: query.from ?? new Date(Date.parse(to) - UNBOUNDED_MILLISECONDS).toISOString(), to };
}
