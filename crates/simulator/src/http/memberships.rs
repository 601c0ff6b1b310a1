//! Workspace memberships: who belongs, as what, since when.

use super::call::{Answer, Call, UnpagedMax};
use super::failure::Failure;
use super::rows;
use super::users::Named;
use crate::directory::Member;
use crate::gid::ObjectKind;
use crate::organisation::{Organisation, seat_and_generation};

impl Call {
    fn membership_page(
        &self,
        organisation: &Organisation,
        members: &[Member],
    ) -> Result<Answer, Failure> {
        let fields = self.fields(rows::MEMBERSHIP_COMPACT)?;
        let rows: Vec<(u64, &Member)> = members.iter().map(|member| (member.gid, member)).collect();
        self.page(&rows, UnpagedMax::Refuse, |member| {
            fields.of(&rows::membership(organisation, member, self.now))
        })
    }
}

/// Everybody of the workspace, those who left within a year too, or one `user`.
pub(super) fn of_workspace(call: &Call) -> Result<Answer, Failure> {
    let organisation = call.path_workspace()?;
    let Some(text) = call.parameter("user") else {
        let roll = call.service.directory.roll(organisation, call.now);
        return call.membership_page(organisation, &roll);
    };
    match call.user(text)? {
        Named::Person(home, member) if home.number == organisation.number => {
            call.membership_page(organisation, &[member])
        }
        _ => Answer::empty(call),
    }
}

pub(super) fn of_user(call: &Call) -> Result<Answer, Failure> {
    match call.user(call.path_id("user"))? {
        Named::Person(organisation, member) => call.membership_page(organisation, &[member]),
        Named::ServiceAccount(..) => Answer::empty(call),
    }
}

pub(super) fn one(call: &Call) -> Result<Answer, Failure> {
    let fields = call.fields(rows::MEMBERSHIP)?;
    let text = call.path_id("membership");
    let name = "workspace_membership";
    let object = call.object(name, text, ObjectKind::WorkspaceMembership)?;
    let organisation = call.home(name, &object)?;
    let (seat, generation) = seat_and_generation(object.number);
    let member = call
        .enrolled(organisation, seat, generation)
        .ok_or_else(|| Failure::unknown(name, text))?;
    let record = rows::membership(organisation, &member, call.now);
    Ok(Answer::One(fields.of(&record)))
}
