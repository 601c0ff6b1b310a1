//! Teams and who is in them.

use super::call::{Answer, Call, UnpagedMax};
use super::failure::Failure;
use super::rows;
use super::users::Named;
use crate::directory::Member;
use crate::organisation::Organisation;

/// A membership: its person, its team, and the place of the team among the person's.
type Row = (u64, (Member, u64, u64));

impl Call {
    fn team_page(&self, organisation: &Organisation, teams: &[u64]) -> Result<Answer, Failure> {
        let fields = self.fields(rows::COMPACT)?;
        let rows: Vec<(u64, u64)> = teams.iter().map(|&team| (team, team)).collect();
        self.page(&rows, UnpagedMax::Refuse, |&team| {
            fields.of(&rows::team(organisation, team))
        })
    }

    fn team_membership_page(
        &self,
        organisation: &Organisation,
        rows: &[Row],
    ) -> Result<Answer, Failure> {
        let fields = self.fields(rows::TEAM_MEMBERSHIP)?;
        self.page(rows, UnpagedMax::Refuse, |(member, team, place)| {
            fields.of(&rows::team_membership(organisation, member, *team, *place))
        })
    }

    fn memberships_of_team(&self, text: &str) -> Result<Answer, Failure> {
        let (organisation, team) = self.team(text)?;
        let members = self.team_members(organisation, team).into_iter();
        let rows: Vec<Row> = members
            .map(|(place, member)| (member.gid, (member, team, place)))
            .collect();
        self.team_membership_page(organisation, &rows)
    }

    fn memberships_of_user(&self, user: &str, workspace: &str) -> Result<Answer, Failure> {
        let workspace = self.workspace(workspace)?;
        match self.user(user)? {
            Named::Person(organisation, member) if organisation.number == workspace.number => {
                let teams = organisation.teams_of(&member.person(organisation));
                let rows: Vec<Row> = (0..)
                    .zip(teams)
                    .filter(|_| member.active)
                    .map(|(place, team)| (place + 1, (member, team, place)))
                    .collect();
                self.team_membership_page(organisation, &rows)
            }
            _ => Answer::empty(self),
        }
    }
}

pub(super) fn of_workspace(call: &Call) -> Result<Answer, Failure> {
    let organisation = call.path_workspace()?;
    let teams: Vec<u64> = (0..organisation.teams).collect();
    call.team_page(organisation, &teams)
}

pub(super) fn of_user(call: &Call) -> Result<Answer, Failure> {
    let text = call.parameter("organization");
    let workspace = call.workspace(text.ok_or_else(|| Failure::missing("organization"))?)?;
    match call.user(call.path_id("user"))? {
        Named::Person(organisation, member)
            if organisation.number == workspace.number && member.active =>
        {
            let mut teams = organisation.teams_of(&member.person(organisation));
            teams.sort_unstable();
            call.team_page(organisation, &teams)
        }
        _ => Answer::empty(call),
    }
}

pub(super) fn one(call: &Call) -> Result<Answer, Failure> {
    let fields = call.fields(rows::TEAM)?;
    let (organisation, team) = call.team(call.path_id("team"))?;
    Ok(Answer::One(fields.of(&rows::team(organisation, team))))
}

pub(super) fn memberships_of_team(call: &Call) -> Result<Answer, Failure> {
    call.memberships_of_team(call.path_id("team"))
}

pub(super) fn memberships_of_user(call: &Call) -> Result<Answer, Failure> {
    let workspace = call.parameter("workspace");
    let workspace = workspace.ok_or_else(|| Failure::missing("workspace"))?;
    call.memberships_of_user(call.path_id("user"), workspace)
}

/// By `team`, or by `user` and `workspace`.
pub(super) fn memberships(call: &Call) -> Result<Answer, Failure> {
    match (call.parameter("team"), call.parameter("user")) {
        (Some(team), _) => call.memberships_of_team(team),
        (None, Some(user)) => {
            let workspace = call.parameter("workspace");
            call.memberships_of_user(
                user,
                workspace.ok_or_else(|| Failure::missing("workspace"))?,
            )
        }
        (None, None) => Err(Failure::missing("team")),
    }
}
