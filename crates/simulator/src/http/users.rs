//! Users: `GET /users`, `/users/{gid}`, and those of a workspace or a team.

use super::call::{Answer, Call, UnpagedMax};
use super::failure::Failure;
use super::rows;
use crate::directory::Member;
use crate::gid::ObjectKind;
use crate::organisation::{Organisation, seat_and_generation};

/// Most users of a workspace or a team that are listed by name (`asana-api.md` section 1).
pub(super) const USERS_BY_NAME_MAX: usize = 2000;

/// A user that a request names.
pub(super) enum Named<'a> {
    Person(&'a Organisation, Member),
    /// The owner of the token, or another machine's account.
    ServiceAccount(&'a Organisation, u32),
}

type Row<'a> = (u64, (&'a Organisation, Member));

impl Call {
    /// Those who belong to a workspace, invited ones too.
    pub(super) fn members(&self, organisation: &Organisation) -> Vec<Member> {
        let roll = self.service.directory.roll(organisation, self.now);
        roll.iter()
            .copied()
            .filter(|member| member.active)
            .collect()
    }

    /// The user that a text names: `me`, an e-mail address or a gid. Those who left can still be looked up.
    pub(super) fn user(&self, text: &str) -> Result<Named<'_>, Failure> {
        if text == "me" {
            let first = self.service.organisations().next();
            let organisation = first.ok_or_else(|| Failure::unknown("user", text))?;
            return Ok(Named::ServiceAccount(organisation, 0));
        }
        if text.contains('@') {
            return self.user_by_email(text);
        }
        if let Ok(account) = self.object("user", text, ObjectKind::ServiceAccount) {
            let organisation = self.home("user", &account)?;
            let number = u32::try_from(account.number).unwrap_or(u32::MAX);
            return if number < organisation.service_accounts {
                Ok(Named::ServiceAccount(organisation, number))
            } else {
                Err(Failure::unknown("user", text))
            };
        }
        let object = self.object("user", text, ObjectKind::User)?;
        let organisation = self.home("user", &object)?;
        let (seat, generation) = seat_and_generation(object.number);
        self.enrolled(organisation, seat, generation)
            .map(|member| Named::Person(organisation, member))
            .ok_or_else(|| Failure::unknown("user", text))
    }

    /// The person of a seat and generation, if they are on the roll.
    pub(super) fn enrolled(
        &self,
        organisation: &Organisation,
        seat: u32,
        generation: u32,
    ) -> Option<Member> {
        let roll = self.service.directory.roll(organisation, self.now);
        let gid = organisation.user_gid(seat, generation);
        let place = roll.binary_search_by_key(&gid, |member| member.gid).ok()?;
        roll.get(place).copied()
    }

    fn user_by_email(&self, email: &str) -> Result<Named<'_>, Failure> {
        for organisation in self.service.organisations() {
            let roll = self.service.directory.roll(organisation, self.now);
            let found = roll.iter().find(|member| {
                let person = member.person(organisation);
                organisation
                    .person_email(&person)
                    .eq_ignore_ascii_case(email)
            });
            if let Some(member) = found {
                return Ok(Named::Person(organisation, *member));
            }
        }
        Err(Failure::unknown("user", email))
    }

    /// The team that a text names.
    pub(super) fn team(&self, text: &str) -> Result<(&Organisation, u64), Failure> {
        let object = self.object("team", text, ObjectKind::Team)?;
        let organisation = self.home("team", &object)?;
        if object.number >= organisation.teams {
            return Err(Failure::unknown("team", text));
        }
        Ok((organisation, object.number))
    }

    /// Those who belong to a team, with the place of the team among their teams.
    pub(super) fn team_members(
        &self,
        organisation: &Organisation,
        team: u64,
    ) -> Vec<(u64, Member)> {
        let members = self.members(organisation).into_iter();
        members
            .filter_map(|member| {
                let teams = organisation.teams_of(&member.person(organisation));
                let place = teams.iter().position(|&number| number == team)?;
                Some((u64::try_from(place).unwrap_or(0), member))
            })
            .collect()
    }

    fn user_page(&self, rows: &[Row<'_>], unpaged_max: UnpagedMax) -> Result<Answer, Failure> {
        let fields = self.fields(rows::COMPACT)?;
        self.page(rows, unpaged_max, |(organisation, member)| {
            fields.of(&rows::user(organisation, member))
        })
    }
}

fn by_gid(organisation: &Organisation, members: Vec<Member>) -> Vec<Row<'_>> {
    let rows = members.into_iter();
    rows.map(|member| (member.gid, (organisation, member)))
        .collect()
}

fn by_name(organisation: &Organisation, members: Vec<Member>) -> Vec<Row<'_>> {
    let mut rows = members;
    rows.sort_by_cached_key(|member| {
        let person = member.person(organisation);
        (organisation.person_name(&person), member.gid)
    });
    let keys = 1_u64..;
    let rows = keys.zip(rows);
    rows.map(|(key, member)| (key, (organisation, member)))
        .collect()
}

/// By `workspace`, by `team`, or everybody whom the token sees.
pub(super) fn list(call: &Call) -> Result<Answer, Failure> {
    if let Some(team) = call.parameter("team") {
        let (organisation, team) = call.team(team)?;
        let members = call.team_members(organisation, team).into_iter();
        let members = members.map(|(_, member)| member).collect();
        return call.user_page(&by_gid(organisation, members), UnpagedMax::Refuse);
    }
    let mut rows = match call.parameter("workspace") {
        Some(text) => {
            let organisation = call.workspace(text)?;
            by_gid(organisation, call.members(organisation))
        }
        None => call
            .service
            .organisations()
            .flat_map(|organisation| by_gid(organisation, call.members(organisation)))
            .collect(),
    };
    rows.sort_unstable_by_key(|(gid, _)| *gid);
    call.user_page(&rows, UnpagedMax::Refuse)
}

pub(super) fn of_workspace(call: &Call) -> Result<Answer, Failure> {
    let organisation = call.path_workspace()?;
    let rows = by_name(organisation, call.members(organisation));
    call.user_page(&rows, UnpagedMax::Cap(USERS_BY_NAME_MAX))
}

pub(super) fn of_team(call: &Call) -> Result<Answer, Failure> {
    let (organisation, team) = call.team(call.path_id("team"))?;
    let members = call.team_members(organisation, team).into_iter();
    let rows = by_name(organisation, members.map(|(_, member)| member).collect());
    call.user_page(&rows, UnpagedMax::Cap(USERS_BY_NAME_MAX))
}

pub(super) fn one(call: &Call) -> Result<Answer, Failure> {
    let fields = call.fields(rows::USER)?;
    let record = match call.user(call.path_id("user"))? {
        Named::Person(organisation, member) => rows::user(organisation, &member),
        Named::ServiceAccount(organisation, account) => {
            rows::service_account(organisation, account)
        }
    };
    Ok(Answer::One(fields.of(&record)))
}

pub(super) fn one_of_workspace(call: &Call) -> Result<Answer, Failure> {
    let workspace = call.path_workspace()?;
    let text = call.path_id("user");
    let (Named::Person(organisation, _) | Named::ServiceAccount(organisation, _)) =
        call.user(text)?;
    if organisation.number == workspace.number {
        one(call)
    } else {
        Err(Failure::unknown("user", text))
    }
}
