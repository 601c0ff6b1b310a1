import { SvelteSet } from 'svelte/reactivity';
import { api, ask } from '../../lib/api/client';
import { problemOf } from '../../lib/api/problem';
import { Remote } from '../../lib/api/remote.svelte';
import type { Alert, AlertCounts, AlertPatch } from '../../lib/api/schema';
import { texts } from '../../lib/texts';
import { toasts } from '../../lib/toasts.svelte';
import { alertQuery, stays, undoing, type AlertFilters } from './filters';

const PAGE_SIZE = 100;

interface Counted {
  states: AlertCounts['states'];
  severities: AlertCounts['severities'];
  policies: AlertCounts['policies'];
  all: number;
}

/** The alerts that are listed, which of them are selected, and what is done to them. */
export class AlertList {
  readonly page = new Remote<{ alerts: Alert[]; next: string | null }>();
  readonly counts = new Remote<Counted>();
  readonly selected = new SvelteSet<string>();
  /** Raised by each change, for what shows an alert beside the list. */
  changes = $state(0);
  isMoreLoading = $state(false);
  #filters: AlertFilters | null = null;

  get alerts(): Alert[] {
    return this.page.data?.alerts ?? [];
  }

  async read(filters: AlertFilters): Promise<void> {
    this.#filters = filters;
    await Promise.all([this.#readPage(filters), this.#readCounts(filters)]);
    const ids = new Set(this.alerts.map(({ id }) => id));
    for (const id of this.selected) if (!ids.has(id)) this.selected.delete(id);
  }

  async more(): Promise<void> {
    const { page } = this;
    if (!page.data?.next || this.isMoreLoading || page.isLoading || !this.#filters) return;
    this.isMoreLoading = true;
    const before = page.data;
    try {
      const query = { ...alertQuery(this.#filters, Date.now()), order: this.#filters.order, limit: PAGE_SIZE };
      const next = await ask(api.GET('/api/v1/alerts', { params: { query: { ...query, cursor: before.next ?? '' } } }));
      const known = new Set(before.alerts.map(({ id }) => id));
      const added = next.alerts.filter(({ id }) => !known.has(id));
      if (page.data === before) page.data = { alerts: [...before.alerts, ...added], next: next.next_cursor };
    } catch (cause) {
      toasts.complain(problemOf(cause).detail);
    }
    this.isMoreLoading = false;
  }

  /** Makes the same change to several alerts. `done` says what was done. */
  async change(alerts: readonly Alert[], change: AlertPatch, done: string): Promise<void> {
    if (alerts.length === 0) return;
    const before = alerts.map((alert) => ({ ...alert }));
    const isUndoable = change.state !== undefined || change.assignee !== undefined;
    const changed = await this.#send(
      alerts.map(({ id, revision }) => ({ id, revision })),
      change,
    );
    if (!changed) return;
    const ids = new Set(changed.map(({ id }) => id));
    const undone = before.filter(({ id }) => ids.has(id));
    if (ids.size > 0) toasts.say(done, isUndoable ? () => void this.#undo(undone) : undefined);
  }

  async #undo(before: readonly Alert[]): Promise<void> {
    for (const { ids, change } of undoing(before)) {
      await this.#send(
        ids.map((id) => ({ id })),
        change,
      );
    }
    toasts.say(texts.alerts.done.undone);
    if (this.#filters) await this.read(this.#filters);
  }

  /** The alerts that were changed; null where nothing could be asked. */
  async #send(alerts: { id: string; revision?: number }[], change: AlertPatch): Promise<Alert[] | null> {
    try {
      const { outcomes } = await ask(api.POST('/api/v1/alerts/changes', { body: { alerts, change } }));
      const changed = outcomes.flatMap(({ alert }) => (alert ? [alert] : []));
      const problems = outcomes.flatMap(({ problem }) => (problem ? [problem] : []));
      this.#take(changed);
      if (problems[0]) {
        toasts.complain(texts.alerts.notChanged(problems.length, problems[0]));
        if (this.#filters) void this.read(this.#filters);
      }
      return changed;
    } catch (cause) {
      const { detail, hint } = problemOf(cause);
      toasts.complain(`${detail} ${hint}`.trim());
      return null;
    }
  }

  #take(changed: readonly Alert[]): void {
    const byId = new Map(changed.map((alert) => [alert.id, alert]));
    const { data } = this.page;
    const filters = this.#filters;
    if (data && filters) {
      const alerts = data.alerts.map((alert) => byId.get(alert.id) ?? alert).filter((alert) => stays(alert, filters));
      this.page.data = { ...data, alerts };
    }
    for (const { id } of changed) this.selected.delete(id);
    this.changes += 1;
    if (filters) void this.#readCounts(filters);
  }

  #readPage(filters: AlertFilters): Promise<void> {
    const query = { ...alertQuery(filters, Date.now()), order: filters.order, limit: PAGE_SIZE };
    return this.page.read(async (signal) => {
      const { alerts, next_cursor: next } = await ask(api.GET('/api/v1/alerts', { params: { query }, signal }));
      return { alerts, next };
    });
  }

  /** Each facet is counted without its own filter, so that it says what another choice would show. */
  #readCounts(filters: AlertFilters): Promise<void> {
    const query = alertQuery(filters, Date.now());
    return this.counts.read(async (signal) => {
      const count = (without: object) =>
        ask(api.GET('/api/v1/alerts/counts', { params: { query: { ...query, ...without } }, signal }));
      const [here, byState, bySeverity, byPolicy] = await Promise.all([
        count({}),
        count({ state: undefined }),
        count({ severity_min: undefined }),
        count({ policy: undefined }),
      ]);
      const all = Object.values(here.states).reduce((sum, value) => sum + value, 0);
      return { states: byState.states, severities: bySeverity.severities, policies: byPolicy.policies, all };
    });
  }
}
