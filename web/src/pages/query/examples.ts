import { texts } from '../../lib/texts';

/** Questions to begin with. */
export const EXAMPLES: readonly { title: string; sql: string }[] = [
  {
    title: texts.query.examples.failed,
    sql: `select actor_email, count(*) as failures, count(distinct client_ip_address) as addresses
from events
where event_type = 'user_login_failed'
  and created_at >= now() - interval '30 days'
group by actor_email
order by failures desc
limit 20`,
  },
  {
    title: texts.query.examples.perDay,
    sql: `select event_date as day, count(*) as events
from events
where created_at >= now() - interval '30 days'
group by event_date
order by event_date`,
  },
  {
    title: texts.query.examples.countries,
    sql: `select actor_email, array_to_string(array_agg(distinct ip_country), ', ') as countries,
  count(distinct ip_country) as how_many
from events
where ip_country is not null
  and created_at >= now() - interval '7 days'
group by actor_email
having count(distinct ip_country) > 1
order by how_many desc, actor_email
limit 50`,
  },
  {
    title: texts.query.examples.exports,
    sql: `select created_at, actor_email, event_type, resource_name, ip_country, client_ip_address
from events
where event_category = 'content_export'
order by created_at desc
limit 100`,
  },
  {
    title: texts.query.examples.idle,
    sql: `select a.email, a.role, max(e.created_at) as last_seen
from accounts a
left join events e on e.actor_gid = a.user_gid and e.source = a.source
group by a.email, a.role
order by last_seen nulls first
limit 50`,
  },
];
