//! Records of the directory, written out whole; `Fields` then picks (`asana-api.md` section 1.2).

use serde_json::{Value, json};

use crate::clock::{DAY, Millis, date_time};
use crate::directory::Member;
use crate::gid::ObjectKind;
use crate::organisation::{Organisation, person_number, service_account_name, team_name};
use crate::person::{Person, Role};
use crate::render::TIME_FORMAT;

/// The fields of a record in a list.
pub(super) const COMPACT: &str = "resource_type,name";
pub(super) const WORKSPACE: &str = "resource_type,name,email_domains,is_organization";
pub(super) const USER: &str =
    "resource_type,name,email,photo,workspaces.(resource_type|name),custom_fields";
pub(super) const MEMBERSHIP_COMPACT: &str =
    "resource_type,user.(resource_type|name),workspace.(resource_type|name)";
pub(super) const MEMBERSHIP: &str = "resource_type,user.(resource_type|name),workspace.(resource_type|name),\
    user_task_list.(resource_type|name),user_task_list.owner.(resource_type|name),\
    user_task_list.workspace.(resource_type|name),\
    is_active,is_admin,is_guest,is_view_only,vacation_dates,created_at";
pub(super) const TEAM: &str = "resource_type,name,organization.(resource_type|name),permalink_url,visibility,\
    endorsed,custom_field_settings,edit_team_name_or_description_access_level,\
    edit_team_visibility_or_trash_team_access_level,member_invite_management_access_level,\
    guest_invite_management_access_level,join_request_management_access_level,\
    team_member_removal_access_level,team_content_management_access_level";
pub(super) const TEAM_MEMBERSHIP: &str = "resource_type,user.(resource_type|name),team.(resource_type|name),\
    is_guest,is_limited_access,is_admin";

pub(super) fn workspace(organisation: &Organisation) -> Value {
    json!({
        "gid": organisation.workspace_gid().to_string(),
        "resource_type": "workspace",
        "name": organisation.name,
        "email_domains": [organisation.domain],
        "is_organization": true,
    })
}

pub(super) fn user(organisation: &Organisation, member: &Member) -> Value {
    let person = member.person(organisation);
    json!({
        "gid": member.gid.to_string(),
        "resource_type": "user",
        "name": organisation.person_name(&person),
        "email": organisation.person_email(&person),
        "photo": photo(member),
        "workspaces": [workspace(organisation)],
        "custom_fields": [],
    })
}

/// The account of a machine. It has no e-mail address.
pub(super) fn service_account(organisation: &Organisation, account: u32) -> Value {
    json!({
        "gid": organisation.gid(ObjectKind::ServiceAccount, u64::from(account)).to_string(),
        "resource_type": "user",
        "name": service_account_name(account),
        "photo": null,
        "workspaces": [workspace(organisation)],
        "custom_fields": [],
    })
}

fn photo(member: &Member) -> Value {
    if member.gid.is_multiple_of(3) {
        return Value::Null;
    }
    let sizes = [21, 27, 36, 60, 128, 1024];
    let urls = sizes.map(|size| {
        let kind = if size == 1024 { "jpeg" } else { "png" };
        let url = format!("https://photos.example/{}_{size}x{size}.{kind}", member.gid);
        (format!("image_{size}x{size}"), Value::from(url))
    });
    Value::Object(urls.into_iter().collect())
}

pub(super) fn membership(organisation: &Organisation, member: &Member, now: Millis) -> Value {
    let person = member.person(organisation);
    let number = person_number(member.seat, member.generation);
    let gid = |kind| organisation.gid(kind, number).to_string();
    let (user, workspace) = (user(organisation, member), workspace(organisation));
    let created_at = date_time(member.tenure(organisation).invited_at);
    json!({
        "gid": gid(ObjectKind::WorkspaceMembership),
        "resource_type": "workspace_membership",
        "user": &user,
        "workspace": &workspace,
        "user_task_list": {
            "gid": gid(ObjectKind::UserTaskList),
            "resource_type": "user_task_list",
            "name": format!("My tasks in {}", organisation.name),
            "owner": user,
            "workspace": workspace,
        },
        "is_active": member.active,
        "is_admin": person.role.administers(),
        "is_guest": person.role == Role::Guest,
        "is_view_only": person.role == Role::ViewOnly,
        "vacation_dates": vacation(&person, now),
        "created_at": created_at.format(TIME_FORMAT).to_string(),
    })
}

/// This week or the next, if it is one of vacation.
fn vacation(person: &Person, now: Millis) -> Value {
    let today = person.local_day(now);
    let week = [today, today + 7]
        .into_iter()
        .find(|&day| person.on_vacation(day));
    let Some(day) = week else {
        return Value::Null;
    };
    // 1970 began on a Thursday.
    let monday = (day + 3) / 7 * 7 - 3;
    let date = |day: u64| date_time(day * DAY).format("%Y-%m-%d").to_string();
    json!({"start_on": date(monday), "end_on": date(monday + 4)})
}

pub(super) fn team(organisation: &Organisation, team: u64) -> Value {
    let gid = organisation.gid(ObjectKind::Team, team);
    let name = team_name(team);
    let visibility = ["public", "request_to_join", "secret"][usize::try_from(gid % 3).unwrap_or(0)];
    json!({
        "gid": gid.to_string(),
        "resource_type": "team",
        "name": name,
        "description": format!("Everything about {name}."),
        "html_description": format!("<body>Everything about {name}.</body>"),
        "organization": workspace(organisation),
        "permalink_url": format!("https://app.asana.example/0/resource/{gid}/list"),
        "visibility": visibility,
        "endorsed": gid.is_multiple_of(5),
        "custom_field_settings": [],
        "edit_team_name_or_description_access_level": "all_team_members",
        "edit_team_visibility_or_trash_team_access_level": "only_team_admins",
        "member_invite_management_access_level": "all_team_members",
        "guest_invite_management_access_level": "only_team_admins",
        "join_request_management_access_level": "only_team_admins",
        "team_member_removal_access_level": "only_team_admins",
        "team_content_management_access_level": "no_restriction",
    })
}

/// Somebody's place in their first (`place` 0) or second team.
pub(super) fn team_membership(
    organisation: &Organisation,
    member: &Member,
    team_number: u64,
    place: u64,
) -> Value {
    let person = member.person(organisation);
    let number = person_number(member.seat, member.generation) * 2 + place;
    let guest = person.role == Role::Guest;
    json!({
        "gid": organisation.gid(ObjectKind::TeamMembership, number).to_string(),
        "resource_type": "team_membership",
        "user": user(organisation, member),
        "team": team(organisation, team_number),
        "is_guest": guest,
        "is_limited_access": guest && place == 1,
        "is_admin": person.role.administers() || (place == 0 && member.gid.is_multiple_of(9)),
    })
}
