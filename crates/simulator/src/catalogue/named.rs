//! Kinds that are needed by name: people's comings and goings, and the steps of campaigns.

use super::{Category, Details, Kind, Target, kind};
use crate::gid::ObjectKind;

pub(crate) const LOGIN: u16 = 0;
pub(crate) const LOGIN_FAILED: u16 = 1;
pub(crate) const LOGOUT: u16 = 2;
pub(crate) const INVITED: u16 = 3;
pub(crate) const DEPROVISIONED: u16 = 4;
pub(crate) const LOGGED_OUT_BY_PROVIDER: u16 = 5;
pub(crate) const TASKS_HANDED_OVER: u16 = 6;
pub(crate) const JOINED_TEAM: u16 = 7;
pub(crate) const DOWNLOADED: u16 = 8;
pub(crate) const PROJECT_EXPORTED: u16 = 9;
pub(crate) const SEARCH_EXPORTED: u16 = 10;
pub(crate) const MEMBERS_EXPORTED: u16 = 11;
pub(crate) const WORKSPACE_EXPORTED: u16 = 12;
pub(crate) const TOKEN_CREATED: u16 = 13;
pub(crate) const APP_AUTHORIZED: u16 = 14;
pub(crate) const TWO_FACTOR_OFF: u16 = 15;
pub(crate) const TWO_FACTOR_ON: u16 = 16;
pub(crate) const PASSWORD_RESET: u16 = 17;
pub(crate) const SERVICE_ACCOUNT_CREATED: u16 = 18;
pub(crate) const SAML_CHANGED: u16 = 19;
pub(crate) const DOMAIN_ADDED: u16 = 20;
pub(crate) const LEVEL_CHANGED: u16 = 21;
pub(crate) const APPROVALS_CHANGED: u16 = 22;
pub(crate) const TASK_DELETED: u16 = 23;
pub(crate) const TASK_GONE: u16 = 24;
pub(crate) const PROJECT_DELETED: u16 = 25;
pub(crate) const ATTACHMENT_DELETED: u16 = 26;
pub(crate) const STORY_DELETED: u16 = 27;
pub(crate) const PROJECT_SHARED: u16 = 28;
pub(crate) const PROJECT_LINKED: u16 = 29;
pub(crate) const PROJECT_OPENED: u16 = 30;
pub(crate) const TEAM_OPENED: u16 = 31;

#[rustfmt::skip]
pub(super) const NAMED: [Kind; 32] = [
    kind("user_login_succeeded", Category::Logins, Target::Myself, Details::Method, 0),
    kind("user_login_failed", Category::Logins, Target::Myself, Details::Refusal, 0),
    kind("user_logged_out", Category::Logins, Target::Myself, Details::Nothing, 0),
    kind("user_invited", Category::UserUpdates, Target::Colleague, Details::Nothing, 0),
    kind("user_deprovisioned", Category::UserUpdates, Target::Colleague, Details::Nothing, 0),
    kind("user_logged_out", Category::Logins, Target::Colleague, Details::Nothing, 0),
    kind(
        "project_privacy_settings_changed",
        Category::AccessControl, Target::Thing(ObjectKind::Project), Details::NullThen(&["members_only"]), 0,
    ),
    kind("team_member_added", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Added, 0),
    kind("attachment_downloaded", Category::ContentExport, Target::Thing(ObjectKind::Attachment), Details::Nothing, 0),
    kind("project_csv_export_started", Category::ContentExport, Target::Thing(ObjectKind::Project), Details::Nothing, 0),
    kind("search_report_export_started", Category::ContentExport, Target::Thing(ObjectKind::Search), Details::Nothing, 0),
    kind("workspace_members_export_started", Category::ContentExport, Target::Workspace, Details::Nothing, 0),
    kind("workspace_export_started", Category::ContentExport, Target::Workspace, Details::Nothing, 0),
    kind("user_personal_access_token_authorized", Category::Apps, Target::Myself, Details::TokenName, 0),
    kind("user_app_authorized", Category::Apps, Target::Myself, Details::App, 0),
    kind("user_two_factor_auth_disabled", Category::UserUpdates, Target::Myself, Details::Nothing, 0),
    kind("user_two_factor_auth_enabled", Category::UserUpdates, Target::Myself, Details::Nothing, 0),
    kind("user_password_reset", Category::UserUpdates, Target::Myself, Details::Nothing, 0),
    kind("service_account_created", Category::Apps, Target::Thing(ObjectKind::ServiceAccount), Details::Nothing, 0),
    kind("workspace_saml_settings_changed", Category::AdminSettings, Target::Thing(ObjectKind::EmailDomain), Details::Nothing, 0),
    kind("workspace_associated_email_domain_added", Category::AdminSettings, Target::Workspace, Details::Domain, 0),
    kind("user_workspace_admin_role_changed", Category::Roles, Target::Colleague, Details::AdminRole, 0),
    kind("workspace_require_app_approvals_of_type_changed", Category::AdminSettings, Target::Workspace, Details::Nothing, 0),
    kind("task_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 0),
    kind("task_permanently_deleted", Category::Deletion, Target::Thing(ObjectKind::Task), Details::Nothing, 0),
    kind("project_deleted", Category::Deletion, Target::Thing(ObjectKind::Project), Details::Nothing, 0),
    kind("attachment_deleted", Category::Deletion, Target::Thing(ObjectKind::Attachment), Details::Nothing, 0),
    kind("story_deleted", Category::Deletion, Target::Thing(ObjectKind::Story), Details::Nothing, 0),
    kind("project_member_added", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Added, 0),
    kind("project_view_link_enabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 0),
    kind("project_privacy_settings_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 0),
    kind("team_privacy_settings_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Nothing, 0),
];
