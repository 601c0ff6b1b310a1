//! Policies to measure with: eleven trivial ones as Panther has for Asana, and more of the usual kinds.

use std::path::PathBuf;

/// Event type, and what else is asked.
const TRIVIAL: [(&str, &str); 11] = [
    (
        "workspace_saml_settings_changed",
        "details.old_value: required\n    details.new_value: optional",
    ),
    (
        "workspace_password_requirements_changed",
        "details.new_value: simple",
    ),
    (
        "workspace_default_session_duration_changed",
        "details.new_value: never",
    ),
    (
        "workspace_require_app_approvals_of_type_changed",
        "details.new_value: 'off'",
    ),
    ("service_account_created", ""),
    (
        "user_workspace_admin_role_changed",
        "details.new_value|contains: admin",
    ),
    ("team_privacy_settings_changed", "details.new_value: public"),
    ("workspace_form_link_authentication_required_disabled", ""),
    (
        "workspace_guest_invite_permissions_changed",
        "details.new_value: anyone",
    ),
    ("workspace_associated_email_domain_added", ""),
    ("workspace_export_started", ""),
];

/// `count` files.
pub(crate) fn files(count: usize) -> Vec<(PathBuf, String)> {
    (0..count)
        .map(|place| (PathBuf::from(format!("{place}.yml")), text(place)))
        .collect()
}

fn text(place: usize) -> String {
    if let Some((event_type, more)) = TRIVIAL.get(place) {
        return rule(
            place,
            &format!("event_type: {event_type}\n    {more}"),
            "selection",
        );
    }
    match place % 20 {
        // A tenth counts, a twentieth looks at every type of event.
        0 => correlation(place, "user_login_failed", "type: event_count", "gte: 20"),
        1 => correlation(
            place,
            "attachment_downloaded",
            "type: value_count",
            "field: resource.gid, gte: 200",
        ),
        2 => rule(
            place,
            "ip.tags: tor_exit\n    actor.is_admin: true",
            "selection",
        ),
        3 => rule(
            place,
            "event_type|endswith: _export_started\n    actor.is_admin: false\n    hour|lt: 5",
            "selection",
        ),
        4 => rule(
            place,
            "event_type|startswith: workspace_\n    ip.category: [risky, vpn]",
            "selection and not other",
        ),
        _ => rule(
            place,
            &format!(
                "event_type: [workspace_setting_{place}_changed, workspace_setting_{place}_disabled]\n    details.new_value|contains: [any, off]"
            ),
            "selection and not other",
        ),
    }
}

fn rule(place: usize, selection: &str, condition: &str) -> String {
    format!(
        "title: rule {place}
id: 00000000-0000-4000-8000-{place:012}
status: stable
description: A rule to measure with.
logsource: {{product: asana, service: audit}}
detection:
  selection:
    {selection}
  other: {{context.context_type: asana}}
  condition: {condition}
level: medium
tags: [attack.t1078]
"
    )
}

fn correlation(place: usize, event_type: &str, kind: &str, condition: &str) -> String {
    let base = rule(place, &format!("event_type: {event_type}"), "selection");
    format!(
        "{base}---
title: count {place}
correlation:
  {kind}
  rules: [00000000-0000-4000-8000-{place:012}]
  group-by: [actor.gid]
  timespan: 1h
  condition: {{{condition}}}
level: high
"
    )
}
