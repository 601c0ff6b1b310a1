use chrono::{DateTime, Utc};
use drishti_model::{SourceName, SourceScope};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait,
    DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use crate::alerts::{finish_drafts, save_alerts, save_drafts};
use crate::error::{Fault, LedgerError, Step};
use crate::leases::hold_leased_source;
use crate::people_seen::save_people;
use crate::policies::pause;
use crate::policy_days::count_policies;
use crate::risk::save_risk;
use crate::signals::save_signals;
use crate::sources::within;
use crate::suppressions::count_suppressed;
use crate::tables::{alert_draft, generation};
use crate::value::{micros, moment, moment_if_any, source_name, text};
use crate::{
    AlertChanges, DetectedAlert, Lease, Ledger, PersonSeen, PolicyCount, RiskEvent, Signal,
    SuppressionHits,
};

mod state;

use state::change_state;
pub use state::{STATE_BYTES_MAX, StateChange, StateKind, StateRow};

/// One evaluation of a source's events from the first one on, and how far it is. There is one in use, and at most one rebuild that
/// is to take its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Greater than that of every earlier generation, of any source.
    pub id: i64,
    /// Which source.
    pub source: SourceName,
    /// Whether it is the one in use.
    pub active: bool,
    /// The version of the engine that it was begun with.
    pub engine: String,
    /// Events up to this time are evaluated for good; the state is that after them.
    pub settled_until: Option<DateTime<Utc>>,
    /// The newest batch in the lake whose events have been evaluated, if only in a preview; 0 before the first.
    pub evaluated_batch: i64,
    /// How many steps have been saved.
    pub sequence: i64,
    /// When it was begun.
    pub begun_at: DateTime<Utc>,
}

impl Generation {
    fn of(row: generation::Model) -> Step<Self> {
        Ok(Self {
            id: row.id,
            source: source_name(row.source)?,
            active: row.active,
            engine: row.engine,
            settled_until: moment_if_any(row.settled_until)?,
            evaluated_batch: row.evaluated_batch,
            sequence: row.sequence,
            begun_at: moment(row.begun_at)?,
        })
    }
}

/// One step of detection; what is left out stays as it is, but for the preview, which replaces the last one.
#[derive(Clone, Debug, Default)]
pub struct DetectionStep {
    /// Which generation takes it.
    pub generation: i64,
    /// One more than that of the generation, so that a step that is saved again is known.
    pub sequence: i64,
    /// Events up to this time are now evaluated for good; never earlier than before.
    pub settled_until: Option<DateTime<Utc>>,
    /// The newest batch in the lake that has been evaluated.
    pub evaluated_batch: Option<i64>,
    /// What the engines remember now.
    pub state: Vec<StateChange>,
    /// Alerts that began or grew, for good.
    pub alerts: Vec<DetectedAlert>,
    /// What they and the signals add to the risk of people.
    pub risk: Vec<RiskEvent>,
    /// Matches that are only recorded.
    pub signals: Vec<Signal>,
    /// Who did something, to be added to what they did before.
    pub people: Vec<PersonSeen>,
    /// What the policies came to, to be added to what they came to before.
    pub counts: Vec<PolicyCount>,
    /// What suppressions kept quiet, to be added to what they kept quiet before.
    pub suppressed: Vec<SuppressionHits>,
    /// Policies that matched too often and so are paused, and why.
    pub paused: Vec<(String, String)>,
    /// What the events after `settled_until` come to as far as they are known; a rebuild's is not kept.
    pub preview: Preview,
}

/// What not yet settled events come to.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Alerts that begin or grow.
    pub alerts: Vec<DetectedAlert>,
    /// What they and the signals add to the risk of people.
    pub risk: Vec<RiskEvent>,
    /// Matches that are only recorded.
    pub signals: Vec<Signal>,
    /// Who did something in these events.
    pub people: Vec<PersonSeen>,
}

/// What saving a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedStep {
    /// Whether the step had been saved before, and nothing was done.
    pub repeated: bool,
    /// What became of alerts; of a rebuild nothing, until it is finished.
    pub alerts: AlertChanges,
}

impl Ledger {
    /// The generation of a source that is in use; `None` where detection has not begun.
    pub async fn generation(&self, name: &SourceName) -> Result<Option<Generation>, LedgerError> {
        self.read_generation(name, true).await
    }

    /// The generations in use of the sources in a scope, by source.
    pub async fn generations(&self, scope: &SourceScope) -> Result<Vec<Generation>, LedgerError> {
        let read = async || -> Step<Vec<Generation>> {
            let mut query = generation::Entity::find()
                .filter(generation::Column::Active.eq(true))
                .order_by_asc(generation::Column::Source);
            if let Some(within) = within(generation::Column::Source, scope) {
                query = query.filter(within);
            }
            let rows = query.all(self.database()).await?;
            rows.into_iter().map(Generation::of).collect()
        };
        read()
            .await
            .map_err(|fault| self.failed("reading how far detection is", fault))
    }

    /// The rebuild of a source that is under way.
    pub async fn rebuild(&self, name: &SourceName) -> Result<Option<Generation>, LedgerError> {
        self.read_generation(name, false).await
    }

    async fn read_generation(
        &self,
        name: &SourceName,
        active: bool,
    ) -> Result<Option<Generation>, LedgerError> {
        let found = async {
            let row = find(self.database(), name, active).await?;
            row.map(Generation::of).transpose()
        };
        found.await.map_err(|fault: Fault| {
            self.failed(format!("reading the detection of source `{name}`"), fault)
        })
    }

    /// Begins detection on a source with the `engine` of this version; where it has begun, it goes on as it is.
    pub async fn begin_detection(
        &self,
        lease: &Lease,
        engine: &str,
        now: DateTime<Utc>,
    ) -> Result<Generation, LedgerError> {
        let write = self
            .write(format!("beginning detection on source `{}`", lease.source))
            .await?;
        let outcome = async {
            hold_leased_source(&write.transaction, lease).await?;
            match find(&write.transaction, &lease.source, true).await? {
                Some(row) => Generation::of(row),
                None => begin(&write.transaction, &lease.source, true, engine, now).await,
            }
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Begins to detect anew from the first event on, beside the generation in use, which goes on until the rebuild is finished.
    /// An earlier rebuild that was not finished is thrown away.
    pub async fn begin_rebuild(
        &self,
        lease: &Lease,
        engine: &str,
        now: DateTime<Utc>,
    ) -> Result<Generation, LedgerError> {
        let write = self
            .write(format!("beginning a rebuild of source `{}`", lease.source))
            .await?;
        let outcome = async {
            hold_leased_source(&write.transaction, lease).await?;
            forget(&write.transaction, &lease.source, false).await?;
            begin(&write.transaction, &lease.source, false, engine, now).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Throws a rebuild away that is under way.
    pub async fn discard_rebuild(&self, lease: &Lease) -> Result<(), LedgerError> {
        let write = self
            .write(format!(
                "discarding the rebuild of source `{}`",
                lease.source
            ))
            .await?;
        let outcome = async {
            hold_leased_source(&write.transaction, lease).await?;
            forget(&write.transaction, &lease.source, false).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Lets the rebuild take the place of the generation in use, whole or not at all. Alerts keep what people made of them; those
    /// that the rebuild does not have go, unless people have worked on them or their newest event is older than `kept_before`, from
    /// when on the rebuild could see everything. [`LedgerError::RebuildBehind`] where there is no
    /// rebuild, or it has not settled what the generation in use has.
    pub async fn finish_rebuild(
        &self,
        lease: &Lease,
        kept_before: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<AlertChanges, LedgerError> {
        let write = self
            .write(format!(
                "finishing the rebuild of source `{}`",
                lease.source
            ))
            .await?;
        let outcome = finish(
            &write.transaction,
            lease,
            kept_before.map(micros),
            micros(now),
        )
        .await;
        write.finish(outcome).await
    }

    /// Saves a step, whole or not at all; saved again, it changes nothing. [`LedgerError::LeaseLost`] where `lease` is no longer
    /// the source's, [`LedgerError::DetectionOvertaken`] where the step does not follow the last one of its generation.
    pub async fn save_detection(
        &self,
        lease: &Lease,
        step: &DetectionStep,
        now: DateTime<Utc>,
    ) -> Result<SavedStep, LedgerError> {
        let write = self
            .write(format!("saving the detection of source `{}`", lease.source))
            .await?;
        let outcome = save(&write.transaction, lease, step, now).await;
        write.finish(outcome).await
    }
}

async fn find(
    connection: &impl ConnectionTrait,
    name: &SourceName,
    active: bool,
) -> Step<Option<generation::Model>> {
    Ok(generation::Entity::find()
        .filter(generation::Column::Source.eq(name.as_str()))
        .filter(generation::Column::Active.eq(active))
        .one(connection)
        .await?)
}

async fn forget(transaction: &DatabaseTransaction, name: &SourceName, active: bool) -> Step<()> {
    generation::Entity::delete_many()
        .filter(generation::Column::Source.eq(name.as_str()))
        .filter(generation::Column::Active.eq(active))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn begin(
    transaction: &DatabaseTransaction,
    name: &SourceName,
    active: bool,
    engine: &str,
    now: DateTime<Utc>,
) -> Step<Generation> {
    let row = generation::ActiveModel {
        id: NotSet,
        source: Set(name.to_string()),
        active: Set(active),
        engine: Set(text(engine)),
        settled_until: Set(None),
        evaluated_batch: Set(0),
        sequence: Set(0),
        begun_at: Set(micros(now)),
    };
    Generation::of(row.insert(transaction).await?)
}

async fn finish(
    transaction: &DatabaseTransaction,
    lease: &Lease,
    kept_before: Option<i64>,
    now: i64,
) -> Step<AlertChanges> {
    hold_leased_source(transaction, lease).await?;
    let behind = || Fault::Ledger(LedgerError::RebuildBehind(lease.source.clone()));
    let in_use = find(transaction, &lease.source, true).await?;
    let rebuild = find(transaction, &lease.source, false).await?;
    let mut rebuild = rebuild.ok_or_else(behind)?;
    if in_use.is_some_and(|in_use| in_use.settled_until > rebuild.settled_until) {
        return Err(behind());
    }
    let changes = finish_drafts(transaction, &lease.source, rebuild.id, kept_before, now).await?;
    alert_draft::Entity::delete_many()
        .filter(alert_draft::Column::Generation.eq(rebuild.id))
        .exec(transaction)
        .await?;
    forget(transaction, &lease.source, true).await?;
    rebuild.active = true;
    rebuild
        .into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    Ok(changes)
}

async fn save(
    transaction: &DatabaseTransaction,
    lease: &Lease,
    step: &DetectionStep,
    now: DateTime<Utc>,
) -> Step<SavedStep> {
    hold_leased_source(transaction, lease).await?;
    let overtaken = || Fault::Ledger(LedgerError::DetectionOvertaken(lease.source.clone()));
    let row = generation::Entity::find_by_id(step.generation)
        .filter(generation::Column::Source.eq(lease.source.as_str()))
        .one(transaction)
        .await?;
    let mut row = row.ok_or_else(overtaken)?;
    if step.sequence == row.sequence {
        return Ok(SavedStep {
            repeated: true,
            ..SavedStep::default()
        });
    }
    if step.sequence != row.sequence + 1 {
        return Err(overtaken());
    }
    let settled_until = step.settled_until.map(micros);
    if settled_until.is_some_and(|settled| row.settled_until > Some(settled)) {
        return Err(Fault::Refused(
            "what has been settled can't become unsettled".to_owned(),
        ));
    }
    row.sequence = step.sequence;
    row.settled_until = settled_until.or(row.settled_until);
    row.evaluated_batch = step.evaluated_batch.unwrap_or(row.evaluated_batch);
    let (generation, active, sequence) = (row.id, row.active, row.sequence);
    row.into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    change_state(transaction, generation, &step.state).await?;
    count_policies(transaction, generation, &step.counts).await?;
    count_suppressed(transaction, generation, &step.suppressed).await?;
    for (policy, why) in &step.paused {
        pause(transaction, policy, why, now).await?;
    }
    let nothing = Preview::default();
    let preview = if active { &step.preview } else { &nothing };
    save_risk(transaction, generation, &step.risk, &preview.risk).await?;
    let (settled, previewed) = (&step.people, &preview.people);
    save_people(transaction, generation, sequence, settled, previewed).await?;
    save_signals(transaction, generation, &step.signals, &preview.signals).await?;
    let alerts = if active {
        save_alerts(
            transaction,
            &lease.source,
            &step.alerts,
            &preview.alerts,
            micros(now),
        )
        .await?
    } else {
        save_drafts(transaction, generation, &step.alerts).await?;
        AlertChanges::default()
    };
    Ok(SavedStep {
        repeated: false,
        alerts,
    })
}

/// The generations in use: of one source, or of all.
pub(crate) fn in_use(source: Option<&SourceName>) -> sea_orm::sea_query::SelectStatement {
    in_use_within(source, &SourceScope::All)
}

/// The same, of sources in a scope.
pub(crate) fn in_use_within(
    source: Option<&SourceName>,
    scope: &SourceScope,
) -> sea_orm::sea_query::SelectStatement {
    use sea_orm::{QuerySelect, QueryTrait};

    let mut query = generation::Entity::find()
        .select_only()
        .column(generation::Column::Id)
        .filter(generation::Column::Active.eq(true));
    if let Some(source) = source {
        query = query.filter(generation::Column::Source.eq(source.as_str()));
    }
    if let Some(within) = within(generation::Column::Source, scope) {
        query = query.filter(within);
    }
    query.into_query()
}
