import { api, ask } from '../../lib/api/client';
import { Remote } from '../../lib/api/remote.svelte';
import type { Alert, Risk, Source } from '../../lib/api/schema';
import { lastDays, type DayCounts } from '../../lib/charts/days';
import { newestByPolicy } from './newest';

export const DAYS = 90;
const WORST_SHOWN = 8;
const POLICIES_SHOWN = 12;
const NEWEST_READ = 200;
const PEOPLE_SHOWN = 8;

interface Now {
  severities: Record<string, number>;
  inReview: number;
  worst: Alert[];
}

interface PolicyNews {
  newest: Alert;
  count: number;
}

/** What the overview shows, each part by itself, so that a slow one keeps no other. */
export class Overview {
  readonly now = new Remote<Now>();
  readonly days = new Remote<DayCounts[]>();
  readonly policies = new Remote<PolicyNews[]>();
  readonly people = new Remote<Risk[]>();
  readonly sources = new Remote<Source[]>();

  read(): void {
    void this.readAlerts();
    void this.readSources();
  }

  /** All that alerts and what people make of them change. */
  async readAlerts(): Promise<void> {
    await Promise.all([this.readNow(), this.readDays(), this.readPolicies(), this.readPeople()]);
  }

  readNow(): Promise<void> {
    return this.now.read(async (signal) => {
      const state = ['new'];
      const [counts, all, page] = await Promise.all([
        ask(api.GET('/api/v1/alerts/counts', { params: { query: { state } }, signal })),
        ask(api.GET('/api/v1/alerts/counts', { params: { query: {} }, signal })),
        ask(api.GET('/api/v1/alerts', { params: { query: { state, order: 'worst', limit: WORST_SHOWN } }, signal })),
      ]);
      return { severities: counts.severities, inReview: all.states.in_review ?? 0, worst: page.alerts };
    });
  }

  readDays(): Promise<void> {
    return this.days.read(async (signal) => {
      const days = lastDays(DAYS, Date.now());
      const query = { from: `${days[0]}T00:00:00Z` };
      const counts = await ask(api.GET('/api/v1/alerts/counts', { params: { query }, signal }));
      return days.map((day) => ({ day, counts: counts.day_severities[day] ?? {} }));
    });
  }

  readPolicies(): Promise<void> {
    return this.policies.read(async (signal) => {
      const { policies } = await ask(api.GET('/api/v1/alerts/counts', { params: { query: {} }, signal }));
      const alerts = await newestByPolicy(Object.keys(policies), POLICIES_SHOWN, async (policy) => {
        const query = { policy, order: 'newest', limit: NEWEST_READ };
        return (await ask(api.GET('/api/v1/alerts', { params: { query }, signal }))).alerts;
      });
      return alerts.map((newest) => ({ newest, count: policies[newest.policy_id] ?? 1 }));
    });
  }

  readPeople(): Promise<void> {
    return this.people.read(async (signal) => {
      const query = { limit: PEOPLE_SHOWN };
      return (await ask(api.GET('/api/v1/risks', { params: { query }, signal }))).risks;
    });
  }

  readSources(): Promise<void> {
    return this.sources.read(async (signal) => (await ask(api.GET('/api/v1/sources', { signal }))).sources);
  }
}
