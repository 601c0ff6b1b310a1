//! What people, programs and Asana itself do all day.

use super::{Category, Details, Kind, Target, kind};
use crate::gid::ObjectKind;

/// A member's day.
#[rustfmt::skip]
pub(super) const WORK: [Kind; 58] = [
    kind("attachment_uploaded", Category::Creation, Target::Thing(ObjectKind::Attachment), Details::Nothing, 2200),
    kind("attachment_downloaded", Category::ContentExport, Target::Thing(ObjectKind::Attachment), Details::Nothing, 1700),
    kind("task_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 1500),
    kind("comment_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 800),
    kind("task_follower_added", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Added, 600),
    kind("task_follower_removed", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Removed, 150),
    kind("project_member_added", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Added, 550),
    kind("project_member_removed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Removed, 160),
    kind("attachment_deleted", Category::Deletion, Target::Thing(ObjectKind::Attachment), Details::Nothing, 350),
    kind("story_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 280),
    kind("team_member_added", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Added, 160),
    kind("team_member_removed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Removed, 60),
    kind("task_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 80),
    kind("task_undeleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 110),
    kind("comment_undeleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 25),
    kind("story_undeleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 10),
    kind("attachment_undeleted", Category::Deletion, Target::Thing(ObjectKind::Attachment), Details::Nothing, 25),
    kind("project_csv_export_started", Category::ContentExport, Target::Thing(ObjectKind::Project), Details::Nothing, 130),
    kind("search_report_export_started", Category::ContentExport, Target::Thing(ObjectKind::Search), Details::Nothing, 50),
    kind("project_privacy_settings_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::NullThen(&["members_only", "public_to_workspace"]), 110),
    kind("team_privacy_settings_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::New(&["request_to_join", "secret"]), 12),
    kind("portfolio_member_added", Category::AccessControl, Target::Thing(ObjectKind::Portfolio), Details::Added, 70),
    kind("portfolio_member_removed", Category::AccessControl, Target::Thing(ObjectKind::Portfolio), Details::Removed, 20),
    kind("team_created", Category::Creation, Target::Thing(ObjectKind::Team), Details::Nothing, 15),
    kind("custom_field_deleted", Category::Deletion, Target::Thing(ObjectKind::CustomField), Details::Nothing, 30),
    kind("custom_field_undeleted", Category::Deletion, Target::Thing(ObjectKind::CustomField), Details::Nothing, 3),
    kind("project_deleted", Category::Deletion, Target::Thing(ObjectKind::Project), Details::Nothing, 80),
    kind("project_undeleted", Category::Deletion, Target::Thing(ObjectKind::Project), Details::Nothing, 9),
    kind("portfolio_deleted", Category::Deletion, Target::Thing(ObjectKind::Portfolio), Details::Nothing, 10),
    kind("portfolio_undeleted", Category::Deletion, Target::Thing(ObjectKind::Portfolio), Details::Nothing, 2),
    kind("goal_deleted", Category::Deletion, Target::Thing(ObjectKind::Goal), Details::Nothing, 15),
    kind("goal_undeleted", Category::Deletion, Target::Thing(ObjectKind::Goal), Details::Nothing, 2),
    kind("message_deleted", Category::Deletion, Target::Thing(ObjectKind::Message), Details::Nothing, 60),
    kind("message_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::Message), Details::Nothing, 5),
    kind("message_undeleted", Category::Deletion, Target::Thing(ObjectKind::Message), Details::Nothing, 4),
    kind("team_deleted", Category::Deletion, Target::Thing(ObjectKind::Team), Details::Nothing, 5),
    kind("team_undeleted", Category::Deletion, Target::Thing(ObjectKind::Team), Details::Nothing, 2),
    kind("status_update_deleted", Category::Deletion, Target::Thing(ObjectKind::StatusUpdate), Details::Nothing, 40),
    kind("status_update_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::StatusUpdate), Details::Nothing, 3),
    kind("status_update_undeleted", Category::Deletion, Target::Thing(ObjectKind::StatusUpdate), Details::Nothing, 3),
    kind("task_template_deleted", Category::Deletion, Target::Thing(ObjectKind::TaskTemplate), Details::Nothing, 15),
    kind("task_template_undeleted", Category::Deletion, Target::Thing(ObjectKind::TaskTemplate), Details::Nothing, 2),
    kind("project_template_deleted", Category::Deletion, Target::Thing(ObjectKind::ProjectTemplate), Details::Nothing, 12),
    kind("project_template_undeleted", Category::Deletion, Target::Thing(ObjectKind::ProjectTemplate), Details::Nothing, 2),
    kind("project_share_link_enabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 40),
    kind("project_share_link_disabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 18),
    kind("project_view_link_enabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 25),
    kind("project_view_link_disabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 10),
    kind("user_app_authorized", Category::Apps, Target::Myself, Details::App, 55),
    kind("user_app_revoked", Category::Apps, Target::Myself, Details::App, 18),
    kind("user_personal_access_token_authorized", Category::Apps, Target::Myself, Details::TokenName, 15),
    kind("user_personal_access_token_revoked", Category::Apps, Target::Myself, Details::TokenName, 8),
    kind("team_harvest_integration_enabled", Category::Apps, Target::Thing(ObjectKind::Team), Details::Nothing, 3),
    kind("team_harvest_integration_disabled", Category::Apps, Target::Thing(ObjectKind::Team), Details::Nothing, 2),
    kind("user_password_changed", Category::UserUpdates, Target::Myself, Details::Change(&["off", "on", "admins_only"]), 14),
    kind("user_forgot_password_started", Category::UserUpdates, Target::Myself, Details::Nothing, 18),
    kind("user_password_reset", Category::UserUpdates, Target::Myself, Details::Nothing, 13),
    kind("user_two_factor_auth_enabled", Category::UserUpdates, Target::Myself, Details::Nothing, 12),
];

/// The day of guests and of those who only look.
#[rustfmt::skip]
pub(super) const LOOKING: [Kind; 7] = [
    kind("attachment_downloaded", Category::ContentExport, Target::Thing(ObjectKind::Attachment), Details::Nothing, 60),
    kind("attachment_uploaded", Category::Creation, Target::Thing(ObjectKind::Attachment), Details::Nothing, 25),
    kind("comment_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 12),
    kind("task_follower_added", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Added, 10),
    kind("user_app_authorized", Category::Apps, Target::Myself, Details::App, 2),
    kind("user_password_changed", Category::UserUpdates, Target::Myself, Details::Change(&["off", "on", "admins_only"]), 1),
    kind("user_two_factor_auth_enabled", Category::UserUpdates, Target::Myself, Details::Nothing, 1),
];

/// The programs behind service accounts.
#[rustfmt::skip]
pub(super) const MACHINE: [Kind; 10] = [
    kind("attachment_downloaded", Category::ContentExport, Target::Thing(ObjectKind::Attachment), Details::Nothing, 35),
    kind("attachment_uploaded", Category::Creation, Target::Thing(ObjectKind::Attachment), Details::Nothing, 20),
    kind("task_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 20),
    kind("project_member_added", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Added, 8),
    kind("project_csv_export_started", Category::ContentExport, Target::Thing(ObjectKind::Project), Details::Nothing, 6),
    kind("custom_field_deleted", Category::Deletion, Target::Thing(ObjectKind::CustomField), Details::Nothing, 1),
    kind("comment_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 6),
    kind("attachment_deleted", Category::Deletion, Target::Thing(ObjectKind::Attachment), Details::Nothing, 8),
    kind("project_deleted", Category::Deletion, Target::Thing(ObjectKind::Project), Details::Nothing, 1),
    kind("task_undeleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 2),
];

/// Asana by itself.
#[rustfmt::skip]
pub(super) const AUTOMATIC: [Kind; 6] = [
    kind("task_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 10),
    kind("message_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::Message), Details::Nothing, 4),
    kind("status_update_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::StatusUpdate), Details::Nothing, 2),
    kind("domain_user_billing_paused", Category::UserUpdates, Target::Colleague, Details::Nothing, 3),
    kind("license_downgraded", Category::UserUpdates, Target::Colleague, Details::Nothing, 2),
    kind("user_exempted_from_guest_deprovision_rule", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
];

/// An identity provider.
#[rustfmt::skip]
pub(super) const PROVISIONING: [Kind; 5] = [
    kind("team_member_added", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Added, 10),
    kind("team_member_removed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Removed, 5),
    kind("user_logged_out", Category::Logins, Target::Colleague, Details::Nothing, 6),
    kind("domain_user_billing_unpaused", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
    kind("user_password_reset", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
];

/// Nobody in particular.
#[rustfmt::skip]
pub(super) const ANONYMOUS: [Kind; 3] = [
    kind("user_login_failed", Category::Logins, Target::Colleague, Details::Refusal, 10),
    kind("attachment_uploaded", Category::Creation, Target::Thing(ObjectKind::Attachment), Details::Nothing, 12),
    kind("user_forgot_password_started", Category::UserUpdates, Target::Colleague, Details::Nothing, 4),
];

/// What programs do while people sleep, and whoever is on call.
#[rustfmt::skip]
pub(super) const JOBS: [Kind; 7] = [
    kind("attachment_uploaded", Category::Creation, Target::Thing(ObjectKind::Attachment), Details::Nothing, 30),
    kind("attachment_downloaded", Category::ContentExport, Target::Thing(ObjectKind::Attachment), Details::Nothing, 22),
    kind("task_follower_added", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Added, 20),
    kind("comment_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 8),
    kind("task_follower_removed", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Removed, 8),
    kind("story_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 6),
    kind("task_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 6),
];

/// What alarms, and now and then is harmless.
#[rustfmt::skip]
pub(super) const SELDOM: [Kind; 2] = [
    kind("user_two_factor_auth_disabled", Category::UserUpdates, Target::Myself, Details::Nothing, 1),
    kind("team_privacy_settings_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::New(&["public"]), 1),
];
