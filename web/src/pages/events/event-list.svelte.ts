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
const MINUTE_MILLISECONDS = 60_000;
/** Before any event, and bars of which not too many lie between then and now. */
const EVER = '1970-01-01T00:00:00Z';
const WIDEST = '30d';
/** How much time is drawn where there is no event. */
const NOTHING_MILLISECONDS = 90 * 86_400_000;

type EventQuery = ReturnType<typeof eventQuery>;

/** The events that are listed, and how many there are over time. */
export class EventList {
  readonly page = new Remote<{ events: ListedEvent[]; next: string | null }>();
  readonly histogram = new Remote<Histogram>();
  readonly facets = new Remote<Facets>();
  isMoreLoading = $state(false);
  #query: EventQuery | null = null;

  get events(): ListedEvent[] {
    return this.page.data?.events ?? [];
  }

  async read(filters: EventFilters): Promise<void> {
    // By whole minutes, so that whoever looks at the same is answered by what the server has read already.
    const query = eventQuery(filters, Math.floor(Date.now() / MINUTE_MILLISECONDS) * MINUTE_MILLISECONDS);
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

  #readPage(query: EventQuery): Promise<void> {
    return this.page.read(async (signal) => {
      const { events, next_cursor: next } = await ask(
        api.GET('/api/v1/events', { params: { query: { ...query, limit: PAGE_SIZE } }, signal }),
      );
      return { events: events.map(listed), next };
    });
  }

  #readHistogram(query: EventQuery): Promise<void> {
    return this.histogram.read(async (signal) => {
      const to = untilOf(query);
      const from = query.from ?? (await firstMoment(query, to, signal));
      const bucket = widthFor((Date.parse(to) - Date.parse(from)) / 1000, BARS_MAX);
      const counted = await histogram({ ...query, from, to, bucket }, signal);
      // Where no beginning is asked for, it is drawn from the first event on.
      return query.from ? counted : { ...counted, from: counted.bars[0]?.start ?? counted.from };
    });
  }

  #readFacets(query: EventQuery): Promise<void> {
    const span = { from: query.from ?? EVER, to: untilOf(query) };
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

function histogram(query: EventQuery & { bucket: string }, signal: AbortSignal): Promise<Histogram> {
  return ask(api.GET('/api/v1/events/histogram', { params: { query }, signal }));
}

/** When counting ends. Events are never later than now, but the server would draw a day ahead. */
function untilOf(query: EventQuery): string {
  return query.to ?? new Date().toISOString();
}

/** From when there are events, about: the server counts the last 90 days only, where it is not told, while the list has all. */
async function firstMoment(query: EventQuery, to: string, signal: AbortSignal): Promise<string> {
  const { bars } = await histogram({ ...query, from: EVER, to, bucket: WIDEST }, signal);
  return bars[0]?.start ?? new Date(Date.parse(to) - NOTHING_MILLISECONDS).toISOString();
}
