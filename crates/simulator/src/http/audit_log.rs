//! `GET /workspaces/{gid}/audit_log_events` (`asana-api.md` section 2).

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDateTime};

use super::call::{Answer, Call, NextPage, PAGE_ROWS_MAX, parse_gid};
use super::failure::Failure;
use super::offset::StreamMark;
use crate::archive::{Position, Question};
use crate::clock::{Millis, millis};
use crate::faults::Entitlement;
use crate::filter::Filter;

const ACTOR_TYPES: [&str; 5] = [
    "user",
    "asana",
    "asana_support",
    "anonymous",
    "external_administrator",
];

/// The events that match the filters, oldest first. Once anything has matched, every page has a fresh offset.
pub(super) fn events(call: &Call) -> Result<Answer, Failure> {
    let organisation = call.path_workspace()?;
    if let Some(entitlement) = call.faults.entitlement {
        return Err(refusal(entitlement));
    }
    let given = filter(call)?;
    let limit = call.limit()?.unwrap_or(PAGE_ROWS_MAX);
    let workspace = organisation.number;
    let mark = match call.offset()? {
        Some(offset) => Some(resume(call, workspace, &given, offset)?),
        None => None,
    };
    let archive = &call.service.archive;
    let filter = mark.as_ref().map_or(&given, |mark| &mark.filter);
    let (from, due): (Position, Vec<Position>) = match &mark {
        Some(mark) => (
            mark.position.into(),
            mark.due.iter().map(|&due| due.into()).collect(),
        ),
        None => (archive.beginning(workspace, filter), Vec::new()),
    };
    let page = archive.page(&Question {
        workspace,
        filter,
        from,
        due: &due,
        limit,
        now: call.now,
        faults: &call.faults,
    });
    if mark.is_none() && page.count == 0 {
        return Ok(Answer::Written(page.events, NextPage::None));
    }
    let next = StreamMark {
        workspace,
        position: page.next.into(),
        due: page.due.iter().map(|&due| due.into()).collect(),
        filter: filter.clone(),
        page: mark.as_ref().map_or(0, |mark| mark.page + 1),
        issued_at: call.now,
    };
    let next = NextPage::Offset(call.service.seal.close(&next));
    Ok(Answer::Written(page.events, next))
}

/// Goes on with a stream. Filters that are sent again must be the ones with which it began.
fn resume(call: &Call, workspace: u8, given: &Filter, offset: &str) -> Result<StreamMark, Failure> {
    let mark: Option<StreamMark> = call.service.seal.open(offset);
    let mark = mark.ok_or_else(Failure::invalid_offset)?;
    let same = given == &Filter::default() || given == &mark.filter;
    if mark.workspace != workspace || !same {
        return Err(Failure::invalid_offset());
    }
    call.check_lifetime(mark.issued_at)?;
    Ok(mark)
}

fn filter(call: &Call) -> Result<Filter, Failure> {
    let gid = |name: &str| {
        let text = call.parameter(name);
        text.map(|text| parse_gid(name, text)).transpose()
    };
    let actor_type = call.parameter("actor_type");
    if let Some(given) = actor_type
        && !ACTOR_TYPES.contains(&given)
    {
        let message = format!("actor_type: Not a recognized actor type: {given}");
        return Err(Failure::bad_request(message));
    }
    let event_type = call.parameter("event_type");
    if event_type == Some("") {
        return Err(Failure::bad_request("event_type: Must not be empty"));
    }
    Ok(Filter {
        start_at: time(call, "start_at")?,
        end_at: time(call, "end_at")?,
        event_type: event_type.map(str::to_owned),
        actor_type: actor_type.map(str::to_owned),
        actor_gid: gid("actor_gid")?,
        resource_gid: gid("resource_gid")?,
    })
}

/// A date and time. Without an offset it counts as UTC, as the Python SDK writes it.
fn time(call: &Call, name: &str) -> Result<Option<Millis>, Failure> {
    let Some(text) = call.parameter(name) else {
        return Ok(None);
    };
    let malformed = || Failure::bad_request(format!("{name}: Not a valid date-time: {text}"));
    parse_time(text).map(Some).ok_or_else(malformed)
}

/// Milliseconds, rounded up: an event is whole milliseconds old, so that a bound between two leaves out the earlier.
pub(super) fn parse_time(text: &str) -> Option<Millis> {
    let moment = DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.to_utc())
        .or_else(|_| text.parse::<NaiveDateTime>().map(|moment| moment.and_utc()))
        .ok()?;
    let partial = moment.timestamp_subsec_nanos() % 1_000_000 != 0;
    Some(millis(moment) + u64::from(partial))
}

fn refusal(entitlement: Entitlement) -> Failure {
    match entitlement {
        Entitlement::Unauthorized => Failure::unauthorized(),
        Entitlement::PaymentRequired => Failure::new(
            StatusCode::PAYMENT_REQUIRED,
            "The audit log is only available in Enterprise domains.",
        ),
        Entitlement::Forbidden => Failure::new(
            StatusCode::FORBIDDEN,
            "You do not have access to the audit log of this workspace.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_asana_and_its_sdk_write_them() {
        for text in [
            "2024-10-18T04:42:40.072Z",
            "2024-10-18T06:42:40.072+02:00",
            "2024-10-18T04:42:40.072",
            "2024-10-18T04:42:40.071001Z",
        ] {
            assert_eq!(parse_time(text), Some(1_729_226_560_072), "{text}");
        }
        for text in ["", "yesterday", "2024-10-18", "1729226560"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
