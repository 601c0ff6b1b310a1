//! The people of an organisation as an HR system would export them.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::clock::{Millis, date_time};
use crate::directory::call_roll;
use crate::duty::Duty;
use crate::organisation::{Organisation, team_name};
use crate::person::Role;
use crate::render::TIME_FORMAT;

/// The columns.
pub(crate) const HEADER: &str = "gid,email,role,groups,leaving_since,terminated_since\n";

/// Appends a row for everybody who is there, or has left within a year. Groups have semicolons between; a time that has not
/// come, or that nobody knows, is empty.
pub(crate) fn write(organisation: &Organisation, now: Millis, csv: &mut String) {
    let on_duty: Vec<(Duty, HashSet<u32>)> = Duty::ALL
        .map(|duty| (duty, seats_on_duty(organisation, duty, now)))
        .into();
    let time = |at: Option<Millis>| {
        at.filter(|&at| at <= now)
            .map(|at| date_time(at).format(TIME_FORMAT).to_string())
            .unwrap_or_default()
    };
    for member in call_roll(organisation, now) {
        let person = member.person(organisation);
        let tenure = member.tenure(organisation);
        let teams = organisation.teams_of(&person).into_iter().map(team_name);
        let duties = on_duty
            .iter()
            .filter(|(_, seats)| member.active && seats.contains(&member.seat))
            .map(|(duty, _)| duty.group().to_owned());
        let groups: Vec<String> = teams.chain(duties).collect();
        // Writing to a string can't fail.
        _ = writeln!(
            csv,
            "{},{},{},{},{},{}",
            member.gid,
            organisation.person_email(&person),
            role(person.role),
            groups.join(";"),
            time(organisation.notice_at(member.seat, &tenure)),
            time(Some(tenure.leaves_at)),
        );
    }
}

fn seats_on_duty(organisation: &Organisation, duty: Duty, now: Millis) -> HashSet<u32> {
    let numbers = 0..u64::from(organisation.on_duty_at_once(duty));
    let turns = numbers.flat_map(|number| (0..duty.turns()).map(move |turn| (number, turn)));
    turns
        .filter_map(|(number, turn)| organisation.on_duty(duty, number, turn, now))
        .map(|person| person.seat)
        .collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::SuperAdmin | Role::Admin => "admin",
        Role::Member => "member",
        Role::ViewOnly => "view_only",
        Role::Guest => "guest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BEGINNING, DAY};

    #[test]
    fn everybody_has_a_row_and_only_leavers_have_an_end() {
        let organisation = Organisation::new(1, 0, 400);
        let now = BEGINNING + 2000 * DAY;
        let mut csv = HEADER.to_owned();
        write(&organisation, now, &mut csv);
        let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
        assert!(rows.iter().all(|row| row.len() == 6), "{csv}");
        let count = |test: fn(&[&str]) -> bool| rows.iter().filter(|row| test(row)).count();
        assert!((60..200).contains(&count(|row| !row[5].is_empty())));
        assert!((2..40).contains(&count(|row| !row[4].is_empty() && row[5].is_empty())));
        assert!(count(|row| row[5].is_empty()) > 380);
        assert!((6..=12).contains(&count(|row| row[3].contains("On call"))));
        assert_eq!(count(|row| row[3].contains("Reporting")), 1);
        let roles: HashSet<&str> = rows.iter().skip(1).map(|row| row[2]).collect();
        assert_eq!(roles, ["admin", "member", "view_only", "guest"].into());
    }
}
