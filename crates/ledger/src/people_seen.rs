use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, OnConflict};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::alerts::short;
use crate::error::{Fault, LedgerError, Step};
use crate::policy_days::more;
use crate::rows::{insert_or, insert_or_keep};
use crate::tables::people_seen;
use crate::value::{count, micros, moment};
use crate::{Generation, Ledger};

/// Most people of one evaluation that are read; of more, those who were not seen for longest are left out.
pub const PEOPLE_SEEN_MAX: u64 = 200_000;

/// The kind of those who are no people.
const SERVICE_ACCOUNT: &str = "service_account";

/// Somebody who did something in the events of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSeen {
    /// Who, by gid or whatever detection knows the person by.
    pub person: String,
    /// `person` or `service_account`.
    pub kind: String,
    /// The newest display name.
    pub name: Option<String>,
    /// The newest e-mail address.
    pub email: Option<String>,
    /// When the first of the events happened.
    pub first_at: DateTime<Utc>,
    /// When the last of them happened.
    pub last_at: DateTime<Utc>,
    /// How many events.
    pub events: u64,
}

/// Who did something, and what that is based on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleSeen {
    /// For good, of all events so far: everybody, or those who did something after the step that was asked for.
    pub settled: Vec<PersonSeen>,
    /// In the preview alone: to be added to what is settled.
    pub previewed: Vec<PersonSeen>,
}

impl Ledger {
    /// Who did something in the events of a generation; with `after`, of what is settled only what changed in later steps than this
    /// one. Those seen last come first, at most [`PEOPLE_SEEN_MAX`].
    pub async fn people_seen(
        &self,
        generation: &Generation,
        after: Option<i64>,
    ) -> Result<PeopleSeen, LedgerError> {
        let read = async {
            let snapshot = self.snapshot().await?;
            let mut seen = PeopleSeen::default();
            for (provisional, people) in [(false, &mut seen.settled), (true, &mut seen.previewed)] {
                let after = after.filter(|_| !provisional);
                *people = rows(&snapshot, generation.id, provisional, after).await?;
            }
            snapshot.commit().await?;
            Ok(seen)
        };
        read.await.map_err(|fault: Fault| {
            self.failed(
                format!(
                    "reading who did something in source `{}`",
                    generation.source
                ),
                fault,
            )
        })
    }
}

async fn rows(
    snapshot: &DatabaseTransaction,
    generation: i64,
    provisional: bool,
    after: Option<i64>,
) -> Step<Vec<PersonSeen>> {
    use people_seen::Column as Of;

    let mut query = people_seen::Entity::find()
        .filter(Of::Generation.eq(generation))
        .filter(Of::Provisional.eq(provisional))
        .order_by_desc(Of::LastAt)
        .order_by_asc(Of::Person)
        .limit(PEOPLE_SEEN_MAX);
    if let Some(after) = after {
        query = query.filter(Of::Sequence.gt(after));
    }
    let rows = query.all(snapshot).await?;
    rows.into_iter().map(seen_of).collect()
}

fn seen_of(row: people_seen::Model) -> Step<PersonSeen> {
    Ok(PersonSeen {
        person: row.person,
        kind: row.kind,
        name: row.name,
        email: row.email,
        first_at: moment(row.first_at)?,
        last_at: moment(row.last_at)?,
        events: row.events.unsigned_abs(),
    })
}

/// Adds who did something for good, and lets who did something in the preview take the place of the last preview's.
pub(crate) async fn save_people(
    transaction: &DatabaseTransaction,
    generation: i64,
    sequence: i64,
    settled: &[PersonSeen],
    previewed: &[PersonSeen],
) -> Step<()> {
    use people_seen::Column as Of;

    people_seen::Entity::delete_many()
        .filter(Of::Generation.eq(generation))
        .filter(Of::Provisional.eq(true))
        .exec(transaction)
        .await?;
    let excluded = |column: Of| Expr::col((Alias::new("excluded"), column));
    let known = |column: Of| Expr::col((people_seen::Entity, column));
    // What is told now counts; what is not told stays as it was. Steps follow each other in time, so the first time stays.
    let newest = |column: Of| {
        (
            column,
            Func::coalesce([excluded(column), known(column)]).into(),
        )
    };
    // Who once was a service account is one.
    let is_known = known(Of::Kind).eq(SERVICE_ACCOUNT);
    let kind = Expr::case(is_known, known(Of::Kind)).finally(excluded(Of::Kind));
    let add = OnConflict::columns([Of::Generation, Of::Person, Of::Provisional])
        .values([
            (Of::Events, more(people_seen::Entity, Of::Events)),
            newest(Of::Name),
            newest(Of::Email),
            (Of::Kind, kind.into()),
            (Of::LastAt, excluded(Of::LastAt)),
            (Of::Sequence, excluded(Of::Sequence)),
        ])
        .to_owned();
    let row = |seen: &PersonSeen, provisional| row_of(generation, sequence, seen, provisional);
    let settled = joined(settled.iter().map(|seen| row(seen, false)));
    insert_or(transaction, settled, add).await?;
    let previewed = joined(previewed.iter().map(|seen| row(seen, true)));
    insert_or_keep(transaction, previewed).await
}

fn row_of(
    generation: i64,
    sequence: i64,
    seen: &PersonSeen,
    provisional: bool,
) -> people_seen::Model {
    people_seen::Model {
        generation,
        person: short(&seen.person),
        provisional,
        kind: short(&seen.kind),
        name: seen.name.as_deref().map(short),
        email: seen.email.as_deref().map(short),
        first_at: micros(seen.first_at),
        last_at: micros(seen.last_at),
        events: count(seen.events),
        sequence,
    }
}

/// One statement may not write a row twice, and two long ids may become the same when they are cut.
fn joined(rows: impl Iterator<Item = people_seen::Model>) -> Vec<people_seen::Model> {
    let mut by_person: BTreeMap<String, people_seen::Model> = BTreeMap::new();
    for row in rows {
        if let Some(known) = by_person.get_mut(&row.person) {
            known.events += row.events;
            known.first_at = Ord::min(known.first_at, row.first_at);
            known.last_at = Ord::max(known.last_at, row.last_at);
        } else {
            by_person.insert(row.person.clone(), row);
        }
    }
    by_person.into_values().collect()
}
