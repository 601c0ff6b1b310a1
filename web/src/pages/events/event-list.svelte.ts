import { api, ask } from '../../lib/api/client';
import { problemOf } from '../../lib/api/problem';
import { Remote } from '../../lib/api/remote.svelte';
import type { Histogram } from '../../lib/api/schema';
import { widthFor } from '../../lib/charts/bars';
import { listed, type ListedEvent } from '../../lib/events/asana';
import { toasts } from '../../lib/toasts.svelte';
import { eventQuery, type EventFilters } from './filters';

const PAGE_SIZE = 100;
const BARS_MAX = 120;
const UNBOUNDED_MILLISECONDS = 90 * 86_400_000;

/** The events that are listed, and how many there are over time. */
export class EventList {
  readonly page = new Remote<{ events: ListedEvent[]; next: string | null }>();
  readonly histogram = new Remote<Histogram>();
  isMoreLoading = $state(false);
  #query: ReturnType<typeof eventQuery> | null = null;

  get events(): ListedEvent[] {
    return this.page.data?.events ?? [];
  }

  async read(filters: EventFilters): Promise<void> {
    const query = eventQuery(filters, Date.now());
    this.#query = query;
    await Promise.all([this.#readPage(query), this.#readHistogram(query)]);
  }

  async more(): Promise<void> {
    const { page } = this;
    const before = page.data;
    if (!before?.next || this.isMoreLoading || page.isLoading || !this.#query) return;
    this.isMoreLoading = true;
    try {
      const query = { ...this.#query, limit: PAGE_SIZE, cursor: before.next };
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
    // Events are never later than now, but the server would draw a day ahead.
    const to = query.to ?? new Date().toISOString();
    const from = query.from ?? new Date(Date.parse(to) - UNBOUNDED_MILLISECONDS).toISOString();
    const bucket = widthFor((Date.parse(to) - Date.parse(from)) / 1000, BARS_MAX);
    return this.histogram.read((signal) =>
      ask(api.GET('/api/v1/events/histogram', { params: { query: { ...query, from, to, bucket } }, signal })),
    );
  }
}
