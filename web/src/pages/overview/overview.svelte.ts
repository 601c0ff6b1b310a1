import { api, ask } from '../../lib/api/client';
import { Remote } from '../../lib/api/remote.svelte';
import type { Alert, Source } from '../../lib/api/schema';
import { byLevel, lastDays, type DayCounts } from '../../lib/charts/days';
import { SEVERITIES } from '../alerts/filters';

export const DAYS = 90;
const WORST_SHOWN = 8;
const NEWEST_READ = 200;

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
  readonly sources = new Remote<Source[]>();

  read(): void {
    void this.readNow();
    void this.readDays();
    void this.readPolicies();
    void this.readSources();
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
      const from = `${days[0]}T00:00:00Z`;
      const cumulative = await Promise.all(
        SEVERITIES.map(async (level) => {
          const query = { severity_min: level, from };
          return [level, (await ask(api.GET('/api/v1/alerts/counts', { params: { query }, signal }))).days] as const;
        }),
      );
      return byLevel(days, cumulative);
    });
  }

  readPolicies(): Promise<void> {
    return this.policies.read(async (signal) => {
      const query = { order: 'newest', limit: NEWEST_READ };
      const [{ alerts }, { policies }] = await Promise.all([
        ask(api.GET('/api/v1/alerts', { params: { query }, signal })),
        ask(api.GET('/api/v1/alerts/counts', { params: { query: {} }, signal })),
      ]);
      const newest = new Map<string, Alert>();
      for (const alert of alerts) if (!newest.has(alert.policy_id)) newest.set(alert.policy_id, alert);
      return [...newest.values()].map((alert) => ({ newest: alert, count: policies[alert.policy_id] ?? 1 }));
    });
  }

  readSources(): Promise<void> {
    return this.sources.read(async (signal) => (await ask(api.GET('/api/v1/sources', { signal }))).sources);
  }
}
