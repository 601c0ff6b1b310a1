use chrono::{DateTime, Utc};
use drishti_detect::{People, PersonFacts, Presence, Presences, Terminated};
use drishti_ledger::{PeopleProvider, PersonSeen};
use drishti_model::SourceName;

use crate::{AccountFilter, ServiceError, Services};

/// Accounts read at once.
const ACCOUNTS_A_PAGE: u64 = 10_000;

/// Tells whether what is known of the people of a source is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PeopleVersion {
    accounts_read_at: Option<DateTime<Utc>>,
    providers: Vec<PeopleProvider>,
}

impl PeopleVersion {
    pub(super) async fn read(
        services: &Services,
        source: &SourceName,
    ) -> Result<Self, ServiceError> {
        Ok(Self {
            accounts_read_at: services.ledger.last_account_sync(source).await?,
            providers: services.ledger.people_providers().await?,
        })
    }
}

/// What is known of the people of a source: their accounts in Asana, and what others tell of them.
pub(crate) async fn people(
    services: &Services,
    source: &SourceName,
) -> Result<People, ServiceError> {
    let mut people = People::default();
    let mut after = None;
    loop {
        let filter = AccountFilter {
            source: Some(source.clone()),
            after: after.take(),
            limit: ACCOUNTS_A_PAGE,
            ..AccountFilter::default()
        };
        let page = services.ledger.accounts(filter).await?;
        after = page
            .last()
            .map(|last| (last.source.clone(), last.account.user_gid.clone()));
        let is_last = (page.len() as u64) < ACCOUNTS_A_PAGE;
        for stored in page {
            let facts = PersonFacts {
                role: Some(stored.account.role),
                ..PersonFacts::default()
            };
            people.add(
                Some(&stored.account.user_gid),
                stored.account.email.as_deref(),
                facts,
            );
        }
        if is_last {
            break;
        }
    }
    for fact in services.ledger.people_facts(source).await? {
        people.amend(fact.gid.as_deref(), fact.email.as_deref(), |facts| {
            facts.role = facts.role.or(fact.role);
            facts.groups.extend(fact.groups);
            facts.leaving_since = fact.leaving_since.or(facts.leaving_since);
            if let Some(since) = fact.terminated_since {
                facts.terminated = Some(Terminated {
                    since,
                    told_by: fact.told_by,
                });
            }
        });
    }
    Ok(people)
}

/// Who did something, in the form in which the ledger keeps it; from here on it begins anew.
pub(super) fn people_seen(presences: &mut Presences) -> Vec<PersonSeen> {
    let seen = |presence: Presence| PersonSeen {
        person: presence.person,
        kind: presence.kind.as_str().to_owned(),
        name: presence.name,
        email: presence.email,
        first_at: presence.first_at,
        last_at: presence.last_at,
        events: presence.events,
    };
    presences.take().into_iter().map(seen).collect()
}
