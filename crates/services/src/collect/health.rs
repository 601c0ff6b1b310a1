//! Telling the ledger how a source is.

use drishti_model::{HealthEvent, HealthSeverity, HealthStatus, SourceName, SourceState};

use super::silence::standing_alarm;
use crate::words::chain;
use crate::{ServiceError, Services};

impl Services {
    /// Notes that a source reached `state` and works.
    pub(crate) async fn report_state(
        &self,
        source: &SourceName,
        state: SourceState,
        reason: &str,
    ) -> Result<(), ServiceError> {
        self.report_news(source, state, state.as_str(), reason)
            .await
    }

    /// The same under a name of its own.
    pub(crate) async fn report_news(
        &self,
        source: &SourceName,
        state: SourceState,
        name: &str,
        reason: &str,
    ) -> Result<(), ServiceError> {
        self.report(HealthEvent {
            source: source.clone(),
            at: self.clock.now(),
            state,
            status: HealthStatus::Healthy,
            severity: HealthSeverity::Information,
            kind: None,
            name: name.to_owned(),
            reason: reason.to_owned(),
            advice: String::new(),
        })
        .await
    }

    /// Notes that a source reached `state` and works, as far as it does: while the log drop-off alarm is on, it goes on to say so.
    pub(crate) async fn report_working(
        &self,
        source: &SourceName,
        state: SourceState,
        reason: &str,
    ) -> Result<(), ServiceError> {
        let Some(alarm) = standing_alarm(self, source).await? else {
            return self.report_state(source, state, reason).await;
        };
        self.report(HealthEvent {
            at: self.clock.now(),
            state,
            severity: HealthSeverity::Information,
            name: state.as_str().to_owned(),
            reason: format!("{reason}; {}", alarm.reason),
            ..alarm
        })
        .await
    }

    /// Notes something that needs a look while `state` goes on.
    pub(crate) async fn report_warning(
        &self,
        source: &SourceName,
        state: SourceState,
        name: &str,
        reason: String,
        advice: &str,
    ) -> Result<(), ServiceError> {
        self.report(HealthEvent {
            source: source.clone(),
            at: self.clock.now(),
            state,
            status: HealthStatus::Unhealthy,
            severity: HealthSeverity::Warning,
            kind: None,
            name: name.to_owned(),
            reason,
            advice: advice.to_owned(),
        })
        .await
    }

    /// Notes that a source stands still because of `error`.
    pub(crate) async fn report_error(
        &self,
        source: &SourceName,
        error: &ServiceError,
    ) -> Result<(), ServiceError> {
        self.report(HealthEvent {
            source: source.clone(),
            at: self.clock.now(),
            state: SourceState::Error,
            status: HealthStatus::Unhealthy,
            severity: HealthSeverity::Error,
            kind: Some(error.kind()),
            name: error.name().to_owned(),
            reason: chain(error),
            advice: error.advice(),
        })
        .await
    }

    async fn report(&self, event: HealthEvent) -> Result<(), ServiceError> {
        match event.severity {
            HealthSeverity::Information => {
                tracing::info!(source = %event.source, state = %event.state, "{}", event.reason);
            }
            HealthSeverity::Warning => {
                tracing::warn!(source = %event.source, event.name, "{}", event.reason);
            }
            // Whoever failed tells it: a server in its log, a command to its user.
            HealthSeverity::Error => {}
        }
        Ok(self.ledger.record_health(&event).await?)
    }
}
