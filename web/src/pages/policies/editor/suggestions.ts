import { api, ask } from '../../../lib/api/client';

const VALUES_MAX = 100;

/** Fields of which the lake can count the values, and what it calls them. */
const FACETS: Record<string, string> = {
  event_type: 'event_type',
  event_category: 'event_category',
  'actor.email': 'actor_email',
  'actor.gid': 'actor_gid',
  'resource.resource_type': 'resource_type',
  'context.context_type': 'context_type',
  'context.client_ip_address': 'client_ip_address',
  'context.oauth_app_name': 'oauth_app_name',
  'ip.country': 'ip_country',
  'ip.city': 'ip_city',
  'ip.organization': 'ip_organization',
  'ip.category': 'ip_category',
  'device.browser': 'device_browser',
  'device.os': 'device_os',
  'device.kind': 'device_kind',
};

const known = new Map<string, Promise<string[]>>();

/** The values that a field had lately, the most frequent first; none where that can't be told. */
export function suggested(field: string): Promise<string[]> {
  const facet = FACETS[field];
  if (!facet) return Promise.resolve([]);
  const before = known.get(field);
  if (before) return before;
  const asked = ask(
    api.GET('/api/v1/events/facets', { params: { query: { field: [facet], values: VALUES_MAX } } }),
  ).then(
    ({ facets }) => facets[0]?.values.flatMap(({ value }) => (value === null ? [] : [value])) ?? [],
    () => {
      // Suggestions are a help: without them one types.
      known.delete(field);
      return [];
    },
  );
  known.set(field, asked);
  return asked;
}
