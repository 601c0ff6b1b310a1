use chrono::{DateTime, Utc};
use drishti_model::{AccountRole, SourceName};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;

use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::{ROWS_AT_ONCE, insert_or_replace};
use crate::tables::{people_fact, people_provider};
use crate::value::{count, micros, moment, moment_if_any, name, source_name, text, word};
use crate::{JSON_BYTES_MAX, Ledger};

/// Most facts that one provider can tell.
pub const PEOPLE_FACTS_MAX: usize = 500_000;
/// Most providers of facts.
pub const PEOPLE_PROVIDERS_MAX: u64 = 100;

/// Facts read at once.
const ROWS_A_PAGE: u64 = 10_000;

/// What somebody says of a person. What is not said is `None`, which is neither yes nor no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonFact {
    /// In which source; `None`: in all.
    pub source: Option<SourceName>,
    /// The person's gid; this or the address is there.
    pub gid: Option<String>,
    /// The person's e-mail address.
    pub email: Option<String>,
    /// What the person may do, for whom Asana's own directory does not say it.
    pub role: Option<AccountRole>,
    /// Groups that the person is in.
    pub groups: Vec<String>,
    /// Since when the person should no longer do anything.
    pub terminated_since: Option<DateTime<Utc>>,
    /// Since when it is known that the person is going to leave.
    pub leaving_since: Option<DateTime<Utc>>,
    /// Who says so, such as `leavers.csv`.
    pub told_by: String,
}

/// Somebody who tells facts about people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleProvider {
    /// Its name.
    pub name: String,
    /// How many facts it tells.
    pub facts: u64,
    /// When they were last replaced.
    pub replaced_at: DateTime<Utc>,
    /// Who did.
    pub replaced_by: String,
}

impl Ledger {
    /// Lets a provider tell these facts and no others, whole or not at all. Without any, the provider is forgotten. Told in the
    /// audit trail by number.
    pub async fn replace_people_facts(
        &self,
        provider: &str,
        facts: &[PersonFact],
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self
            .write(format!("replacing what `{provider}` tells of people"))
            .await?;
        let trail = Trail {
            author,
            at: now,
            kind: "people",
            subject: provider,
        };
        let outcome = replace_facts(&write.transaction, facts, &trail).await;
        write.finish(outcome).await
    }

    /// Who tells facts about people, by name.
    pub async fn people_providers(&self) -> Result<Vec<PeopleProvider>, LedgerError> {
        let rows = people_provider::Entity::find()
            .order_by_asc(people_provider::Column::Name)
            .all(self.database())
            .await
            .map_err(Fault::from);
        let providers = rows.and_then(|rows| rows.into_iter().map(provider_of).collect());
        providers.map_err(|fault: Fault| self.failed("reading who tells facts of people", fault))
    }

    /// What is told of the people of a source, that of all sources too, in the order in which it was told. As many as there are:
    /// at most [`PEOPLE_PROVIDERS_MAX`] times [`PEOPLE_FACTS_MAX`].
    pub async fn people_facts(&self, source: &SourceName) -> Result<Vec<PersonFact>, LedgerError> {
        self.read_facts(source).await.map_err(|fault| {
            self.failed(
                format!("reading what is told of the people of source `{source}`"),
                fault,
            )
        })
    }

    async fn read_facts(&self, source: &SourceName) -> Step<Vec<PersonFact>> {
        use people_fact::Column as Of;

        let snapshot = self.snapshot().await?;
        let of_source = Condition::any()
            .add(Of::Source.is_null())
            .add(Of::Source.eq(source.as_str()));
        let mut facts = Vec::new();
        let mut last = None;
        loop {
            let mut query = people_fact::Entity::find()
                .filter(of_source.clone())
                .order_by_asc(Of::Id)
                .limit(ROWS_A_PAGE);
            if let Some(last) = last {
                query = query.filter(Of::Id.gt(last));
            }
            let rows = query.all(&snapshot).await?;
            last = rows.last().map(|row| row.id);
            for row in rows {
                facts.push(fact_of(row)?);
            }
            if last.is_none() {
                break;
            }
        }
        snapshot.commit().await?;
        Ok(facts)
    }
}

fn provider_of(row: people_provider::Model) -> Step<PeopleProvider> {
    Ok(PeopleProvider {
        name: row.name,
        facts: row.facts.unsigned_abs(),
        replaced_at: moment(row.replaced_at)?,
        replaced_by: row.replaced_by,
    })
}

fn fact_of(row: people_fact::Model) -> Step<PersonFact> {
    let groups = serde_json::from_str(&row.groups).map_err(|problem| {
        Fault::Unreadable(format!("the groups of a person can't be read: {problem}"))
    })?;
    Ok(PersonFact {
        source: row.source.map(source_name).transpose()?,
        gid: row.gid,
        email: row.email,
        role: row.role.as_deref().map(word).transpose()?,
        groups,
        terminated_since: moment_if_any(row.terminated_since)?,
        leaving_since: moment_if_any(row.leaving_since)?,
        told_by: row.told_by,
    })
}

async fn replace_facts(
    transaction: &DatabaseTransaction,
    facts: &[PersonFact],
    trail: &Trail<'_>,
) -> Step<()> {
    if facts.len() > PEOPLE_FACTS_MAX {
        return Err(Fault::Refused(format!(
            "they are {} facts, more than {PEOPLE_FACTS_MAX}",
            facts.len()
        )));
    }
    let provider = people_provider::Model {
        name: name("the provider's name", trail.subject)?,
        facts: count(facts.len() as u64),
        replaced_at: micros(trail.at),
        replaced_by: name("the author", trail.author)?,
    };
    let before = people_provider::Entity::find_by_id(provider.name.as_str())
        .lock_exclusive()
        .one(transaction)
        .await?;
    let is_new = before.is_none();
    if is_new && people_provider::Entity::find().count(transaction).await? >= PEOPLE_PROVIDERS_MAX {
        return Err(Fault::Refused(format!(
            "there are {PEOPLE_PROVIDERS_MAX} providers, and can be no more"
        )));
    }
    // The row first, then the facts: two who replace at once wait for each other here.
    insert_or_replace(transaction, vec![provider.clone()]).await?;
    people_fact::Entity::delete_many()
        .filter(people_fact::Column::Provider.eq(provider.name.as_str()))
        .exec(transaction)
        .await?;
    for (number, facts) in facts.chunks(ROWS_AT_ONCE).enumerate() {
        let row = |(place, fact): (usize, &PersonFact)| {
            row_of(&provider.name, number * ROWS_AT_ONCE + place + 1, fact)
        };
        let rows: Vec<people_fact::ActiveModel> =
            facts.iter().enumerate().map(row).collect::<Step<_>>()?;
        people_fact::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    if facts.is_empty() {
        people_provider::Entity::delete_by_id(provider.name)
            .exec(transaction)
            .await?;
    }
    let told = |facts: i64| Some(json!({ "facts": facts }));
    let before = before.and_then(|before| told(before.facts));
    let after = told(provider.facts);
    trail.note(transaction, "replaced", (before, after)).await
}

fn row_of(provider: &str, number: usize, fact: &PersonFact) -> Step<people_fact::ActiveModel> {
    let of_fact = |what: &str| format!("{what} of fact {number}");
    let part = |what: &str, given: &Option<String>| {
        given
            .as_deref()
            .map(|given| name(&of_fact(what), given))
            .transpose()
    };
    if fact.gid.is_none() && fact.email.is_none() {
        return Err(Fault::Refused(format!(
            "fact {number} has neither gid nor e-mail address"
        )));
    }
    let groups = serde_json::to_string(&fact.groups)
        .map_err(|problem| Fault::Unreadable(problem.to_string()))?;
    Ok(people_fact::ActiveModel {
        id: NotSet,
        provider: Set(text(provider)),
        source: Set(fact.source.as_ref().map(SourceName::to_string)),
        gid: Set(part("the gid", &fact.gid)?),
        email: Set(part("the e-mail address", &fact.email)?),
        groups: Set(crate::value::json(
            &of_fact("the groups"),
            &groups,
            JSON_BYTES_MAX,
        )?),
        terminated_since: Set(fact.terminated_since.map(micros)),
        leaving_since: Set(fact.leaving_since.map(micros)),
        told_by: Set(name(&of_fact("who tells it"), &fact.told_by)?),
        role: Set(fact.role.map(|role| role.as_str().to_owned())),
    })
}
