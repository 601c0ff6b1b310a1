//! OAuth apps that do new things.

use std::sync::Arc;

use drishti_detect::{People, Policy, Verdict};
use drishti_model::EnrichedEvent;

use super::engine::{engine, evaluate, event, policy};

const DAY: i64 = 86_400;

fn by_app(seconds: i64, event_type: &str) -> EnrichedEvent {
    let mut event = event(seconds, event_type);
    let context = &mut event.event.context;
    context.context_type = Some("api".to_owned());
    context.api_authentication_method = Some("oauth".to_owned());
    context.oauth_app_name = Some("Report Maker".to_owned());
    event
}

/// What `policy` says of an export by an app that did so many kinds of things for 40 days.
fn export_after(kinds: i64, policy: &Arc<Policy>) -> String {
    let mut engine = engine(std::slice::from_ref(policy));
    for day in 0..40 {
        for kind in 0..kinds {
            evaluate(
                &mut engine,
                &by_app(day * DAY + kind, &format!("kind_{kind}")),
            );
        }
    }
    let export = by_app(40 * DAY, "workspace_members_export_started");
    match engine.explain(&export, &People::default(), policy) {
        Verdict::Quiet(reasons) => reasons.join("; "),
        Verdict::NotEvaluable(reason) => format!("not evaluable: {reason}"),
        Verdict::Raised(finding) => finding.title,
    }
}

#[test]
fn an_app_that_does_all_kinds_of_things_does_nothing_new() {
    let raised = "The app Report Maker did `workspace_members_export_started` for the first time";
    let shipped = policy("oauth_app_new_activity", "{}");
    assert_eq!(export_after(19, &shipped), raised);
    let quiet = export_after(20, &shipped);
    assert!(quiet.contains("20 kinds of activity"), "{quiet}");
    let wider = policy("oauth_app_new_activity", "{kinds_max: 30}");
    assert_eq!(export_after(20, &wider), raised);
}
