use std::collections::BTreeMap;

use drishti_model::{Severity, SourceName, SourceScope};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::AlertState;
use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::ROWS_AT_ONCE;
use crate::sources::within;
use crate::tables::alert;
use crate::value::{ranked, text};

/// Most entities about which open alerts are counted at once; of more, those with the worst alerts.
pub const ALERTED_ENTITIES_MAX: u64 = 100_000;

/// Alerts about one entity that are not resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAlerts {
    /// How many.
    pub alerts: u64,
    /// The worst of them.
    pub worst: Severity,
}

impl Ledger {
    /// The alerts that wait for somebody, by whom or what they are about: of `entities`, or of all. Those that detection no longer
    /// finds and those that a suppression keeps quiet don't wait.
    pub async fn open_alerts(
        &self,
        source: Option<&SourceName>,
        scope: &SourceScope,
        entities: Option<&[String]>,
    ) -> Result<BTreeMap<String, OpenAlerts>, LedgerError> {
        let counted = async {
            let mut open = BTreeMap::new();
            let Some(entities) = entities else {
                open.extend(self.open_alerts_of(source, scope, None).await?);
                return Ok(open);
            };
            for entities in entities.chunks(ROWS_AT_ONCE) {
                open.extend(self.open_alerts_of(source, scope, Some(entities)).await?);
            }
            Ok(open)
        };
        counted
            .await
            .map_err(|fault: Fault| self.failed("counting the alerts that are open", fault))
    }

    async fn open_alerts_of(
        &self,
        source: Option<&SourceName>,
        scope: &SourceScope,
        entities: Option<&[String]>,
    ) -> Step<Vec<(String, OpenAlerts)>> {
        use alert::Column as Of;

        let open = [AlertState::New, AlertState::InReview].map(AlertState::as_str);
        let mut query = alert::Entity::find()
            .select_only()
            .column(Of::EntityId)
            .column_as(Of::Id.count(), "alerts")
            .column_as(Of::Severity.max(), "worst")
            .filter(Of::State.is_in(open))
            .filter(Of::WithdrawnAt.is_null())
            .filter(Of::SuppressedBy.is_null())
            .group_by(Of::EntityId)
            .order_by_desc(Of::Severity.max())
            .limit(ALERTED_ENTITIES_MAX);
        if let Some(source) = source {
            query = query.filter(Of::Source.eq(source.as_str()));
        }
        if let Some(within) = within(Of::Source, scope) {
            query = query.filter(within);
        }
        if let Some(entities) = entities {
            query = query.filter(Of::EntityId.is_in(entities.iter().map(|entity| text(entity))));
        }
        let rows: Vec<(String, i64, i16)> = query.into_tuple().all(self.database()).await?;
        let open = |(entity, alerts, worst): (String, i64, i16)| {
            let alerts = alerts.unsigned_abs();
            Ok((
                entity,
                OpenAlerts {
                    alerts,
                    worst: ranked(worst)?,
                },
            ))
        };
        rows.into_iter().map(open).collect()
    }
}
