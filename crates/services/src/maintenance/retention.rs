use chrono::{DateTime, Utc};

use crate::{ServiceError, Services};

/// Most days that can be set: a century.
pub const RETENTION_DAYS_MAX: u32 = 36_500;

/// Where the ledger keeps for how many days events are kept; `null` for ever.
const RETENTION_DAYS: &str = "retention_days";

/// For how long events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionView {
    /// Days, counted by when they happened; `None` for ever.
    pub days: Option<u32>,
    /// Whether a configuration file says so, which alone can change it then.
    pub is_declared: bool,
    /// When the first day begins of which nothing has been removed; `None` where nothing ever was.
    pub complete_since: Option<DateTime<Utc>>,
}

impl Services {
    /// For how long events are kept: as a configuration file says, else as is set in the ledger, else for ever.
    pub async fn retention(&self) -> Result<RetentionView, ServiceError> {
        let days = if self.declared_retention.is_some() {
            self.declared_retention
        } else {
            let set = self.ledger.setting(RETENTION_DAYS).await?;
            set.and_then(|days| days.parse().ok())
        };
        Ok(RetentionView {
            days,
            is_declared: self.declared_retention.is_some(),
            complete_since: self.first_day_kept().await?,
        })
    }

    /// Sets for how many days events are kept; `None` for ever. Older ones go the next time that the lake is looked after. It is told
    /// in the audit trail.
    pub async fn set_retention(
        &self,
        days: Option<u32>,
        author: &str,
    ) -> Result<RetentionView, ServiceError> {
        if self.declared_retention.is_some() {
            return Err(ServiceError::RetentionDeclared {
                file: self.declared_in.as_deref().map(str::to_owned),
            });
        }
        if days.is_some_and(|days| !(1..=RETENTION_DAYS_MAX).contains(&days)) {
            return Err(ServiceError::Refused {
                doing: "setting for how many days events are kept".to_owned(),
                problem: format!("it must be 1 to {RETENTION_DAYS_MAX} days"),
                advice: "Give no number to keep them for ever.".to_owned(),
            });
        }
        let value = days.map_or_else(|| "null".to_owned(), |days| days.to_string());
        let now = self.clock.now();
        let ledger = &self.ledger;
        ledger
            .change_setting(RETENTION_DAYS, &value, author, now)
            .await?;
        self.retention().await
    }
}
