import { SvelteSet } from 'svelte/reactivity';
import { api, ask } from '../../lib/api/client';
import { problemOf } from '../../lib/api/problem';
import { Paged } from '../../lib/api/paged.svelte';
import { Remote } from '../../lib/api/remote.svelte';
import type { Alert, AlertCounts, AlertPatch, StreamChange } from '../../lib/api/schema';
import { texts } from '../../lib/texts';
import { toasts } from '../../lib/toasts.svelte';
import { arrivals } from './arrivals';
import { alertQuery, stays, undoing, type AlertFilters } from './filters';

const PAGE_SIZE = 100;
/** Most listed alerts that are read one by one because they changed. */
const SINGLY_MAX = 10;

interface Counted {
  states: AlertCounts['states'];
  severities: AlertCounts['severities'];
  policies: AlertCounts['policies'];
  titles: AlertCounts['policy_titles'];
  assignees: AlertCounts['assignees'];
  all: number;
}

async function alertOf(id: string): Promise<Alert> {
  return (await ask(api.GET('/api/v1/alerts/{id}', { params: { path: { id } } }))).alert;
}

/** The alerts that are listed, which of them are selected, and what is done to them. */
export class AlertList {
  readonly page = new Paged<{ alerts: Alert[]; next: string | null }>();
  readonly counts = new Remote<Counted>();
  readonly selected = new SvelteSet<string>();
  /** Raised by each change, for what shows an alert beside the list. */
  changes = $state(0);
  /** Alerts that came since the list was read. They are not put in by themselves: nothing moves under the hand. */
  arrived = $state(0);
  #filters: AlertFilters | null = null;

  get isMoreLoading(): boolean {
    return this.page.isMoreLoading;
  }

  get alerts(): Alert[] {
    return this.page.data?.alerts ?? [];
  }

  async read(filters: AlertFilters): Promise<void> {
    this.#filters = filters;
    this.arrived = 0;
    await Promise.all([this.#readPage(filters), this.#readCounts(filters)]);
    const ids = new Set(this.alerts.map(({ id }) => id));
    for (const id of this.selected) if (!ids.has(id)) this.selected.delete(id);
  }

  /** Takes in what has changed: rows that are listed stay in their places, what came is counted. `open` is shown beside the list. */
  async refresh(changes: readonly StreamChange[], open: string | null): Promise<void> {
    const { data } = this.page;
    const filters = this.#filters;
    if (!data || !filters || this.page.isLoading) return;
    const isListed = new Set(data.alerts.map(({ id }) => id));
    const changed = changes.flatMap((change) =>
      change.kind === 'alert' && isListed.has(change.id) ? [change.id] : [],
    );
    try {
      const [newest, ...others] = await Promise.all([
        ask(api.GET('/api/v1/alerts', { params: { query: this.#query(filters) } })),
        ...[...new Set(changed)].slice(0, SINGLY_MAX).map(alertOf),
      ]);
      if (this.page.data !== data) return;
      if (data.alerts.length === 0 && newest.alerts.length > 0) {
        await this.read(filters);
        return;
      }
      const now = new Map([...newest.alerts, ...others].map((alert) => [alert.id, alert]));
      this.page.data = { ...data, alerts: data.alerts.map((alert) => now.get(alert.id) ?? alert) };
      this.arrived = arrivals(data.alerts, data.next === null, newest.alerts);
      if (changes.some((change) => change.kind !== 'alert' || change.id === open)) this.changes += 1;
      await this.#readCounts(filters);
    } catch {
      // The next change, or the connection that comes back, tries again.
    }
  }

  async more(): Promise<void> {
    const filters = this.#filters;
    if (!this.page.data?.next || !filters) return;
    await this.page.more(async ({ alerts, next }) => {
      const query = { ...this.#query(filters), cursor: next ?? '' };
      const page = await ask(api.GET('/api/v1/alerts', { params: { query } }));
      const known = new Set(alerts.map(({ id }) => id));
      return { alerts: [...alerts, ...page.alerts.filter(({ id }) => !known.has(id))], next: page.next_cursor };
    });
  }

  /** Makes the same change to several alerts; answers those that were not changed. `done` says what was done. */
  async change(alerts: readonly Alert[], change: AlertPatch, done: string): Promise<Alert[]> {
    if (alerts.length === 0) return [];
    const before = alerts.map((alert) => ({ ...alert }));
    const isUndoable = change.state !== undefined || change.assignee !== undefined;
    const changed = await this.#send(
      alerts.map(({ id, revision }) => ({ id, revision })),
      change,
    );
    if (!changed) return before;
    const revisions = new Map(changed.map(({ id, revision }) => [id, revision]));
    const undone = before.filter(({ id }) => revisions.has(id));
    if (revisions.size > 0) toasts.say(done, isUndoable ? () => void this.#undo(undone, revisions) : undefined);
    return before.filter(({ id }) => !revisions.has(id));
  }

  /** Puts alerts back as they were, unless somebody has changed them since: `revisions` are those that the change made. */
  async #undo(before: readonly Alert[], revisions: ReadonlyMap<string, number>): Promise<void> {
    let undone = 0;
    for (const { ids, change } of undoing(before)) {
      const changed = await this.#send(
        ids.map((id) => ({ id, revision: revisions.get(id) })),
        change,
      );
      undone += changed?.length ?? 0;
    }
    if (undone === before.length) toasts.say(texts.alerts.done.undone);
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

  #query(filters: AlertFilters) {
    return { ...alertQuery(filters, Date.now()), order: filters.order, limit: PAGE_SIZE };
  }

  #readPage(filters: AlertFilters): Promise<void> {
    const query = this.#query(filters);
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
      // A facet that has no filter is counted with all of them.
      const here = count({});
      const [whole, byState, bySeverity, byPolicy, byAssignee] = await Promise.all([
        here,
        query.state ? count({ state: undefined }) : here,
        query.severity ? count({ severity: undefined }) : here,
        query.policy ? count({ policy: undefined }) : here,
        query.assignee ? count({ assignee: undefined }) : here,
      ]);
      return {
        states: byState.states,
        severities: bySeverity.severities,
        policies: byPolicy.policies,
        titles: byPolicy.policy_titles,
        assignees: byAssignee.assignees,
        all: Object.values(whole.states).reduce((sum, value) => sum + value, 0),
      };
    });
  }
}
