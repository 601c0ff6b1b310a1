use bitflags::bitflags;
use drishti_model::AuditEvent;
use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::traits::hash_text;

/// So many event types are remembered with their aspects; those of more are found out anew each time.
const TYPES_MAX: usize = 2_048;

bitflags! {
    /// What matters about an event before anything is compared.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Aspects: u32 {
        const DOWNLOAD = 1;
        const EXPORT = 1 << 1;
        const DELETION = 1 << 2;
        const SHARING = 1 << 3;
        const INVITATION = 1 << 4;
        const ADMINISTRATION = 1 << 5;
        const FAILED_SIGN_IN = 1 << 6;
        /// A deletion that can't be undone.
        const PERMANENT = 1 << 7;
        /// A token, an app or a service account was let in.
        const CREDENTIAL = 1 << 8;
        /// A second factor or a password was taken away.
        const WEAKENING = 1 << 9;
        const SIGN_IN = 1 << 10;
        /// It was refused.
        const FAILED = 1 << 11;
        /// Of the whole organisation, such as its list of members.
        const SWEEPING = 1 << 12;
        const SIGN_OUT = 1 << 13;
        /// Done by a person in front of a program.
        const INTERACTIVE = 1 << 16;
        /// With a personal access token.
        const PERSONAL_TOKEN = 1 << 17;
        const SERVICE_ACCOUNT = 1 << 18;
        /// By an OAuth app.
        const APP = 1 << 19;
        /// By Asana's support, or for somebody else.
        const FOR_OTHERS = 1 << 20;
        /// Somebody did it whose habits are known, and was not refused.
        const DONE = 1 << 21;
    }
}

/// A kind of action that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Action {
    Download,
    Export,
    Deletion,
    Sharing,
    Invitation,
    Administration,
    FailedSignIn,
}

impl Action {
    pub(crate) const ALL: [Self; 7] = [
        Self::Download,
        Self::Export,
        Self::Deletion,
        Self::Sharing,
        Self::Invitation,
        Self::Administration,
        Self::FailedSignIn,
    ];

    pub(crate) fn aspect(self) -> Aspects {
        match self {
            Self::Download => Aspects::DOWNLOAD,
            Self::Export => Aspects::EXPORT,
            Self::Deletion => Aspects::DELETION,
            Self::Sharing => Aspects::SHARING,
            Self::Invitation => Aspects::INVITATION,
            Self::Administration => Aspects::ADMINISTRATION,
            Self::FailedSignIn => Aspects::FAILED_SIGN_IN,
        }
    }

    /// What is counted, for people.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Download => "downloads",
            Self::Export => "exports",
            Self::Deletion => "deletions",
            Self::Sharing => "acts of sharing",
            Self::Invitation => "invitations",
            Self::Administration => "administrative changes",
            Self::FailedSignIn => "failed sign-ins",
        }
    }
}

/// What an event type means, and its number among the [`super::Traits`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeFacts {
    pub(crate) aspects: Aspects,
    pub(crate) value: u64,
}

/// The meaning of the event types met so far. It holds nothing that could not be found out again.
#[derive(Debug, Default)]
pub(crate) struct Types(HashMap<Box<str>, TypeFacts>);

impl Types {
    pub(crate) fn facts(&mut self, event_type: &str) -> TypeFacts {
        if let Some(facts) = self.0.get(event_type) {
            return *facts;
        }
        let facts = TypeFacts::new(event_type);
        if self.0.len() < TYPES_MAX {
            self.0.insert(event_type.into(), facts);
        }
        facts
    }
}

impl TypeFacts {
    pub(crate) fn new(event_type: &str) -> Self {
        Self {
            aspects: of_type(event_type),
            value: hash_text(&[event_type]),
        }
    }
}

/// The aspects that the name of an event type tells (`asana-api.md`, section 3; `asana-event-types-extra.md`).
fn of_type(event_type: &str) -> Aspects {
    let named = match event_type {
        "user_login_succeeded" => Aspects::SIGN_IN,
        "user_login_failed" => Aspects::FAILED_SIGN_IN | Aspects::FAILED,
        "user_access_denied" => Aspects::FAILED,
        "user_logged_out" => Aspects::SIGN_OUT,
        "attachment_downloaded" => Aspects::DOWNLOAD,
        "workspace_attachment_export_started" => Aspects::EXPORT | Aspects::DOWNLOAD,
        "object_export_started" => Aspects::EXPORT | Aspects::SWEEPING,
        "user_invited" => Aspects::INVITATION,
        "user_app_authorized" | "user_personal_access_token_authorized" => Aspects::CREDENTIAL,
        "service_account_created" => Aspects::CREDENTIAL | Aspects::ADMINISTRATION,
        "user_two_factor_auth_disabled"
        | "user_password_reset"
        | "user_forgot_password_started" => Aspects::WEAKENING,
        "user_deprovisioned"
        | "user_reprovisioned"
        | "role_permission_changed"
        | "ai_studio_addon_type_changed" => Aspects::ADMINISTRATION,
        "project_share_link_enabled"
        | "project_view_link_enabled"
        | "project_member_added"
        | "portfolio_member_added"
        | "team_member_added"
        | "goal_member_added"
        | "dashboard_member_added" => Aspects::SHARING,
        _ => Aspects::empty(),
    };
    if named.is_empty() {
        by_pattern(event_type)
    } else {
        named
    }
}

fn by_pattern(event_type: &str) -> Aspects {
    let exports =
        event_type.ends_with("_export_started") || event_type.ends_with("_export_initiated");
    if exports && event_type.starts_with("workspace_") {
        return Aspects::EXPORT | Aspects::SWEEPING;
    }
    if exports || event_type.ends_with("_csv_export_initiated") {
        return Aspects::EXPORT;
    }
    let administers = event_type.starts_with("workspace_")
        || event_type.starts_with("service_account_")
        || event_type.starts_with("custom_role_")
        || event_type.starts_with("user_") && event_type.ends_with("role_changed");
    if administers {
        return Aspects::ADMINISTRATION;
    }
    if event_type.ends_with("_permanently_deleted") {
        return Aspects::DELETION | Aspects::PERMANENT;
    }
    if event_type.ends_with("_deleted") {
        return Aspects::DELETION;
    }
    Aspects::empty()
}

/// The aspects that the event's category and context tell (`defender-behaviour.md`, section 1.7).
pub(crate) fn of_context(event: &AuditEvent) -> Aspects {
    let context = &event.context;
    let mut aspects = Aspects::empty();
    if matches!(
        event.event_category.as_deref(),
        Some("admin_settings" | "roles")
    ) {
        aspects |= Aspects::ADMINISTRATION;
    }
    let by_user = matches!(event.actor.actor_type.as_deref(), None | Some("user"));
    let channel = context.context_type.as_deref();
    let method = context.api_authentication_method.as_deref();
    match method {
        Some("service_account") => aspects |= Aspects::SERVICE_ACCOUNT,
        Some("personal_access_token") => aspects |= Aspects::PERSONAL_TOKEN,
        Some("oauth") => aspects |= Aspects::APP,
        _ => {}
    }
    let by_program = match channel {
        Some("api") => method != Some("cookie"),
        Some("asana" | "asana_support" | "email") => true,
        _ => false,
    };
    if by_user && !by_program && context.rule_name.is_none() {
        aspects |= Aspects::INTERACTIVE;
    }
    let by_support = channel == Some("asana_support")
        || event.actor.actor_type.as_deref() == Some("asana_support");
    if by_support || context.on_behalf_of_user_id.is_some() {
        aspects |= Aspects::FOR_OTHERS;
    }
    aspects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_mean_what_their_names_say() {
        let none = Aspects::empty();
        for (event_type, aspects) in [
            ("task_deleted", Aspects::DELETION),
            (
                "task_permanently_deleted",
                Aspects::DELETION | Aspects::PERMANENT,
            ),
            ("task_undeleted", none),
            ("service_account_deleted", Aspects::ADMINISTRATION),
            ("workspace_deletion_requested", Aspects::ADMINISTRATION),
            (
                "workspace_members_export_started",
                Aspects::EXPORT | Aspects::SWEEPING,
            ),
            ("project_csv_export_started", Aspects::EXPORT),
            ("project_csv_export_initiated", Aspects::EXPORT),
            ("user_workspace_admin_role_changed", Aspects::ADMINISTRATION),
            ("user_role_changed", Aspects::ADMINISTRATION),
            ("user_password_changed", none),
            ("gizmo_calibrated", none),
            ("", none),
        ] {
            assert_eq!(
                Types::default().facts(event_type).aspects,
                aspects,
                "{event_type}"
            );
        }
        for action in Action::ALL {
            assert!(!action.aspect().is_empty() && !action.plural().is_empty());
        }
    }

    #[test]
    fn the_memory_of_event_types_is_bounded() {
        let mut types = Types::default();
        for number in 0..=TYPES_MAX {
            types.facts(&format!("made_up_{number}"));
        }
        assert_eq!(types.0.len(), TYPES_MAX);
        assert_eq!(types.facts("thing_deleted").aspects, Aspects::DELETION);
    }

    #[test]
    fn programs_and_rules_are_not_interactive() {
        let cases = [
            (None, None, None, None, true),
            (Some("user"), Some("web"), None, None, true),
            (Some("user"), Some("api"), Some("cookie"), None, true),
            (Some("user"), Some("api"), Some("oauth"), None, false),
            (Some("user"), Some("api"), None, None, false),
            (Some("user"), Some("web"), None, Some("rule"), false),
            (Some("user"), Some("email"), None, None, false),
            (Some("asana"), Some("web"), None, None, false),
            (Some("anonymous"), Some("web"), None, None, false),
        ];
        for (actor_type, channel, method, rule, interactive) in cases {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let mut event = AuditEvent::default();
            event.actor.actor_type = owned(actor_type);
            event.context.context_type = owned(channel);
            event.context.api_authentication_method = owned(method);
            event.context.rule_name = owned(rule);
            let aspects = of_context(&event);
            assert_eq!(
                aspects.contains(Aspects::INTERACTIVE),
                interactive,
                "{event:?}"
            );
        }
    }
}
