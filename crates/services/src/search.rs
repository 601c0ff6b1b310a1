//! Asking the lake, with what the ledger knows beside it.

use std::sync::Arc;
use std::time::Duration;

use drishti_lake::{ExportFormat, Facet, FacetField, LakeError, SideTable};
use drishti_ledger::{ROWS_MAX, StoredAccount};
use drishti_model::{SourceScope, canonical_time};
use futures::stream::BoxStream;

use crate::{
    AccountFilter, Answer, EventFilter, EventPosition, HistogramBucket, QueryLimits, ServiceError,
    Services, Source, Statistics, StoredEvent,
};

/// Columns of the table `sources`. `_source` and `_sourceCategory` are spelt as Sumo Logic spells them (`sumo-panther.md`, section
/// 1.8), where SQL wants quotes; `_source_category` does without.
pub(crate) const SOURCE_COLUMNS: &[&str] = &[
    "name",
    "_source",
    "_source_category",
    "_sourceCategory",
    "fields",
    "description",
    "workspace_gid",
];

/// Columns of the table `accounts`.
pub(crate) const ACCOUNT_COLUMNS: &[&str] = &[
    "source",
    "user_gid",
    "name",
    "email",
    "role",
    "status",
    "joined_at",
];

impl Services {
    /// Answers one read-only SQL statement over `events`, `sources` (whose `name` is the `source` of events) and `accounts`, each of
    /// the sources in `scope` only.
    pub async fn query(
        &self,
        sql: &str,
        limits: &QueryLimits,
        scope: &SourceScope,
    ) -> Result<Answer, ServiceError> {
        let text = sql.to_lowercase();
        // A table that the text does not even mention is not worth its reading; `information_schema` lists them all.
        let mentions = |name| text.contains(name) || text.contains("information_schema");
        let mut side_tables = Vec::new();
        if mentions("sources") {
            side_tables.push(self.source_table(scope).await?);
        }
        if mentions("accounts") {
            side_tables.push(self.account_table(scope).await?);
        }
        let asked = self.lake.query_within(sql, limits, &side_tables, scope);
        Ok(asked.await?)
    }

    /// The events that fit `filter`, newest first, as the bytes of a file; an error where they are more than `most`.
    pub async fn export_events(
        &self,
        filter: &EventFilter,
        format: ExportFormat,
        most: u64,
    ) -> Result<BoxStream<'static, Result<Vec<u8>, LakeError>>, ServiceError> {
        Ok(self.lake.export(filter, format, most).await?)
    }

    /// The newest events that fit `filter` and come after `position`, at most `limit`, and never more than 1,000.
    pub async fn events(
        &self,
        filter: &EventFilter,
        position: Option<&EventPosition>,
        limit: usize,
    ) -> Result<Arc<[StoredEvent]>, ServiceError> {
        Ok(self.lake.events(filter, position, limit).await?)
    }

    /// How many events fit `filter` in each `bucket` of time, oldest first; empty buckets are left out.
    pub async fn histogram(
        &self,
        filter: &EventFilter,
        bucket: Duration,
    ) -> Result<Vec<HistogramBucket>, ServiceError> {
        Ok(self.lake.histogram(filter, bucket).await?)
    }

    /// The most frequent values of fields in the events that fit `filter`, at most `most` of each.
    pub async fn event_facets(
        &self,
        filter: &EventFilter,
        fields: &[FacetField],
        most: usize,
    ) -> Result<Vec<Facet>, ServiceError> {
        Ok(self.lake.facets(filter, fields, most).await?)
    }

    /// How big the lake is.
    pub async fn lake_statistics(&self) -> Result<Statistics, ServiceError> {
        Ok(self.lake.statistics().await?)
    }

    async fn source_table(&self, scope: &SourceScope) -> Result<SideTable, ServiceError> {
        let mut sources = self.ledger.sources().await?;
        sources.retain(|source| scope.has(&source.name));
        Ok(SideTable {
            name: "sources",
            columns: SOURCE_COLUMNS,
            rows: sources.into_iter().map(source_row).collect(),
        })
    }

    async fn account_table(&self, scope: &SourceScope) -> Result<SideTable, ServiceError> {
        let mut accounts = self.all_accounts().await?;
        accounts.retain(|stored| scope.has(&stored.source));
        Ok(SideTable {
            name: "accounts",
            columns: ACCOUNT_COLUMNS,
            rows: accounts.into_iter().map(account_row).collect(),
        })
    }

    /// The accounts of all sources.
    pub(crate) async fn all_accounts(&self) -> Result<Vec<StoredAccount>, ServiceError> {
        let mut accounts = Vec::new();
        let mut after = None;
        loop {
            let filter = AccountFilter {
                after,
                limit: ROWS_MAX,
                ..AccountFilter::default()
            };
            let page = self.ledger.accounts(filter).await?;
            after = page
                .last()
                .map(|last| (last.source.clone(), last.account.user_gid.clone()));
            if after.is_none() {
                return Ok(accounts);
            }
            accounts.extend(page);
        }
    }
}

fn source_row(source: Source) -> Vec<Option<String>> {
    let profile = source.profile;
    vec![
        Some(source.name.to_string()),
        Some(source.name.to_string()),
        Some(profile.category.clone()),
        Some(profile.category),
        Some(serde_json::json!(profile.fields).to_string()),
        Some(profile.description),
        profile.workspace_gid,
    ]
}

fn account_row(stored: StoredAccount) -> Vec<Option<String>> {
    let account = stored.account;
    vec![
        Some(stored.source.to_string()),
        Some(account.user_gid),
        account.name,
        account.email,
        Some(account.role.as_str().to_owned()),
        Some(account.status.as_str().to_owned()),
        account.joined_at.map(canonical_time),
    ]
}
