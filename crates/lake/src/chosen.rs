//! Reading events that are known by their times and gids.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use deltalake::datafusion::prelude::{Expr, col, lit};
use drishti_model::TimeRange;

use crate::events::{day, within};
use crate::rows::stored_from_columns;
use crate::{Lake, LakeError, StoredEvent, schema};

impl Lake {
    /// The events of a source with these gids, each created at the time beside it, newest first. Those that are not there (any more)
    /// are left out.
    pub async fn chosen_events(
        &self,
        source: &str,
        chosen: &[(DateTime<Utc>, String)],
    ) -> Result<Vec<StoredEvent>, LakeError> {
        let times = || chosen.iter().map(|(created_at, _)| *created_at);
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Ok(Vec::new());
        };
        let days: BTreeSet<_> = times().map(|time| time.date_naive()).collect();
        let days: Vec<Expr> = days.into_iter().map(day).collect();
        let gids = chosen.iter().map(|(_, gid)| lit(gid)).collect();
        let end = last + TimeDelta::microseconds(1);
        let condition = col("source")
            .eq(lit(source))
            .and(col(schema::PARTITION).in_list(days, false))
            .and(col("gid").in_list(gids, false));
        let span = TimeRange::new(first, end).map(within);
        let condition = span.into_iter().fold(condition, Expr::and);
        let table = self.newest().await?;
        let frame = self.reading(&table).await?;
        let read = async {
            let mut events = Vec::new();
            for batch in frame.filter(condition)?.collect().await? {
                events.extend(stored_from_columns(&batch)?);
            }
            Ok(events)
        };
        let mut events = self.within_time(read).await?;
        events.sort_by_cached_key(|stored| {
            Reverse((stored.event.created_at, stored.event.gid.clone()))
        });
        Ok(events)
    }
}
