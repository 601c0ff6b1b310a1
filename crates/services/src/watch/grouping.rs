use std::sync::Arc;

use drishti_detect::{
    AfterResolution, GroupingSettings, Policy, PolicyId, PolicyLimits, Suppression,
};
use drishti_ledger::PolicySettings;
use drishti_model::SourceName;

use crate::suppressions::SuppressionConditions;
use crate::{ServiceError, Services};

/// How the findings of a source become alerts: what people have set, and what they have resolved.
pub(super) async fn grouping(
    services: &Services,
    source: &SourceName,
    policies: &[Arc<Policy>],
    settings: &[PolicySettings],
) -> Result<GroupingSettings, ServiceError> {
    let open_anew: Vec<&str> = policies
        .iter()
        .filter(|policy| policy.grouping.after_resolution == AfterResolution::OpenAnew)
        .map(|policy| policy.id.as_str())
        .collect();
    let mut grouping = GroupingSettings {
        suppressions: suppressions(services).await?,
        limits: settings.iter().map(limits).collect(),
        ..GroupingSettings::default()
    };
    if !open_anew.is_empty() {
        let resolved = services.ledger.resolved_matches(source, &open_anew);
        grouping.resolved = resolved.await?;
    }
    Ok(grouping)
}

fn limits(set: &PolicySettings) -> (PolicyId, PolicyLimits) {
    let most = set.overrides.daily_cap;
    let limits = PolicyLimits {
        alerts_per_day_max: most.map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        paused_since: set.paused.as_ref().map(|pause| pause.since),
        resumed_at: set.resumed_at,
    };
    (PolicyId::new(&set.policy), limits)
}

/// The suppressions that were ever set, for a detector to compare with the times of events.
async fn suppressions(services: &Services) -> Result<Vec<Suppression>, ServiceError> {
    let all = services.ledger.suppressions(None).await?;
    Ok(all.into_iter().filter_map(suppression).collect())
}

/// `None` where it has conditions that are not understood: it would keep more quiet than was meant.
fn suppression(set: drishti_ledger::Suppression) -> Option<Suppression> {
    let conditions = serde_json::from_str::<SuppressionConditions>(&set.conditions);
    let conditions = conditions.inspect_err(|problem| {
        tracing::warn!(suppression = set.id, %problem, "a suppression is left out: its conditions can't be read");
    });
    Some(Suppression {
        id: set.id.to_string(),
        policy: set.policy.as_deref().map(PolicyId::new),
        entity: conditions.ok()?.entity,
        from: set.created_at,
        until: set.ends_at,
        reason: set.reason,
    })
}
