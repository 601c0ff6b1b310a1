//! Types that Asana's own catalogue does not have.

use super::{Category, Details, Kind, Target, kind};
use crate::gid::ObjectKind;

/// How far somebody may go with a project, from most to least.
const ACCESS_LEVELS: &[&str] = &["admin", "editor", "commenter", "viewer"];

/// Known from another vendor's mapper only, and done by admins.
#[rustfmt::skip]
pub(super) const BY_ADMINS: [Kind; 16] = [
    kind("user_role_changed", Category::Roles, Target::Colleague, Details::Demotion, 1),
    kind("user_team_admin_role_changed", Category::Roles, Target::Colleague, Details::Demotion, 1),
    kind("user_exempted_from_guest_deprovision_rule", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
    kind("user_unexempted_from_guest_deprovision_rule", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
    kind("work_access_mode_enabled", Category::AdminSettings, Target::Workspace, Details::Nothing, 1),
    kind("ai_studio_member_added", Category::AdminSettings, Target::Workspace, Details::Added, 1),
    kind("ai_studio_member_removed", Category::AdminSettings, Target::Workspace, Details::Removed, 1),
    kind("ai_teammate_member_added", Category::AdminSettings, Target::Thing(ObjectKind::Other), Details::Added, 1),
    kind("ai_teammate_member_removed", Category::AdminSettings, Target::Thing(ObjectKind::Other), Details::Removed, 1),
    kind("ai_teammate_member_access_level_changed", Category::AdminSettings, Target::Thing(ObjectKind::Other), Details::Change(ACCESS_LEVELS), 1),
    kind("app_insights_export_started", Category::ContentExport, Target::Workspace, Details::Nothing, 1),
    kind("workspace_goals_export_started", Category::ContentExport, Target::Workspace, Details::Nothing, 1),
    kind("license_downgraded", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
    kind("license_request_approved", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
    kind("license_request_rejected", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
    kind("license_upgraded", Category::UserUpdates, Target::Colleague, Details::Nothing, 1),
];

/// Known from another vendor's mapper only.
#[rustfmt::skip]
pub(super) const UNLISTED: [Kind; 60] = [
    kind("user_access_denied", Category::UserUpdates, Target::Colleague, Details::Nothing, 8),
    kind("access_request_approved", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("access_request_denied", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("access_request_cancelled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("reporting_export_started", Category::ContentExport, Target::Thing(ObjectKind::Search), Details::Nothing, 8),
    kind("time_tracking_csv_export_started", Category::ContentExport, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("bundle_deleted", Category::Deletion, Target::Thing(ObjectKind::Other), Details::Nothing, 8),
    kind("bundle_installation_deleted", Category::Deletion, Target::Thing(ObjectKind::Other), Details::Nothing, 8),
    kind("custom_field_default_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::CustomField), Details::Change(ACCESS_LEVELS), 8),
    kind("custom_field_member_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::CustomField), Details::Change(ACCESS_LEVELS), 8),
    kind("custom_field_member_added", Category::AccessControl, Target::Thing(ObjectKind::CustomField), Details::Added, 8),
    kind("custom_field_member_removed", Category::AccessControl, Target::Thing(ObjectKind::CustomField), Details::Removed, 8),
    kind("custom_field_privacy_settings_changed", Category::AccessControl, Target::Thing(ObjectKind::CustomField), Details::Change(&["private", "members_only", "public"]), 8),
    kind("dashboard_member_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Other), Details::Change(ACCESS_LEVELS), 8),
    kind("dashboard_member_added", Category::AccessControl, Target::Thing(ObjectKind::Other), Details::Added, 8),
    kind("dashboard_member_removed", Category::AccessControl, Target::Thing(ObjectKind::Other), Details::Removed, 8),
    kind("form_configuration_incoming_replies_disabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("form_configuration_incoming_replies_enabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("form_configuration_outgoing_replies_disabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("form_configuration_outgoing_replies_enabled", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("goal_default_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Goal), Details::Change(ACCESS_LEVELS), 8),
    kind("goal_member_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Goal), Details::Change(ACCESS_LEVELS), 8),
    kind("goal_member_added", Category::AccessControl, Target::Thing(ObjectKind::Goal), Details::Added, 8),
    kind("goal_member_removed", Category::AccessControl, Target::Thing(ObjectKind::Goal), Details::Removed, 8),
    kind("goal_template_deleted", Category::Deletion, Target::Thing(ObjectKind::Other), Details::Nothing, 8),
    kind("goal_template_undeleted", Category::Deletion, Target::Thing(ObjectKind::Other), Details::Nothing, 8),
    kind("portfolio_customization_permission_changed", Category::AccessControl, Target::Thing(ObjectKind::Portfolio), Details::Change(&["off", "on", "admins_only"]), 8),
    kind("portfolio_default_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Portfolio), Details::Change(ACCESS_LEVELS), 8),
    kind("portfolio_member_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Portfolio), Details::Change(ACCESS_LEVELS), 8),
    kind("portfolio_sharing_permission_changed", Category::AccessControl, Target::Thing(ObjectKind::Portfolio), Details::Change(&["off", "on", "admins_only"]), 8),
    kind("project_assignee_field_setting_minimum_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(ACCESS_LEVELS), 8),
    kind("project_budget_deleted", Category::Deletion, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("project_budget_undeleted", Category::Deletion, Target::Thing(ObjectKind::Project), Details::Nothing, 8),
    kind("project_custom_property_setting_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(&["off", "on", "admins_only"]), 8),
    kind("project_customization_permission_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(&["off", "on", "admins_only"]), 8),
    kind("project_default_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(ACCESS_LEVELS), 8),
    kind("project_due_date_field_setting_minimum_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(ACCESS_LEVELS), 8),
    kind("project_member_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(ACCESS_LEVELS), 8),
    kind("project_multihoming_setting_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(&["off", "on", "admins_only"]), 8),
    kind("project_sharing_permission_changed", Category::AccessControl, Target::Thing(ObjectKind::Project), Details::Change(&["off", "on", "admins_only"]), 8),
    kind("resource_project_rate_deleted", Category::Deletion, Target::Thing(ObjectKind::Other), Details::Nothing, 8),
    kind("resource_project_rate_undeleted", Category::Deletion, Target::Thing(ObjectKind::Other), Details::Nothing, 8),
    kind("task_follower_added", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Added, 8),
    kind("task_follower_removed", Category::AccessControl, Target::Thing(ObjectKind::Task), Details::Removed, 8),
    kind("team_create_content_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_domain_guest_invite_management_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_domain_member_invite_management_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_edit_team_description_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_edit_team_name_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_edit_team_trash_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_edit_team_type_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_join_request_created", Category::Creation, Target::Thing(ObjectKind::Team), Details::Nothing, 8),
    kind("team_join_team_request_management_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_member_removal_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("team_share_content_access_level_changed", Category::AccessControl, Target::Thing(ObjectKind::Team), Details::Change(ACCESS_LEVELS), 8),
    kind("timesheets_status_changed_approved", Category::UserUpdates, Target::Myself, Details::Nothing, 8),
    kind("timesheets_status_changed_rejected", Category::UserUpdates, Target::Myself, Details::Nothing, 8),
    kind("timesheets_status_changed_submitted", Category::UserUpdates, Target::Myself, Details::Nothing, 8),
    kind("timesheets_status_changed_unapproved", Category::UserUpdates, Target::Myself, Details::Nothing, 8),
    kind("timesheets_status_changed_unsubmitted", Category::UserUpdates, Target::Myself, Details::Nothing, 8),
];

/// Known from nowhere: what Asana may invent tomorrow.
#[rustfmt::skip]
pub(super) const UNHEARD: [Kind; 4] = [
    kind("gizmo_calibrated", Category::Unheard, Target::Thing(ObjectKind::Other), Details::Anything, 16),
    kind("workspace_orbit_view_enabled", Category::Unheard, Target::Workspace, Details::Anything, 16),
    kind("task_time_folded", Category::Unheard, Target::Thing(ObjectKind::Task), Details::Anything, 16),
    kind("portfolio_dream_started", Category::Unheard, Target::Thing(ObjectKind::Portfolio), Details::Nothing, 16),
];
