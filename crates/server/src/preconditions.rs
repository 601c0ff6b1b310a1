//! `ETag` and `If-Match`: the revision of a source in quotes, so that nobody overwrites what he has not seen.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

use drishti_services::ServiceError;

use crate::problem::{Code, Problem};

/// The revision that a change is made for; `None` where any will do.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut shown = parts.headers.get_all(IF_MATCH).iter();
        match (shown.next(), shown.next()) {
            (None, _) => Ok(Self(None)),
            (Some(tag), None) => revision(tag),
            _ => Err(refused()),
        }
    }
}

fn revision(tag: &HeaderValue) -> Result<IfMatch, Problem> {
    let tag = tag.to_str().map_err(|_| refused())?.trim();
    if tag == "*" {
        return Ok(IfMatch(None));
    }
    let quoted = tag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let revision = quoted.and_then(|quoted| quoted.parse().ok());
    revision
        .map(|revision| IfMatch(Some(revision)))
        .ok_or_else(refused)
}

fn refused() -> Problem {
    Problem::parameter(
        "If-Match",
        "expected `*` or one ETag as it was given with, such as \"3\"",
    )
}

impl IfMatch {
    /// Refuses to go on where the source has another revision.
    pub(crate) fn check(&self, actual: i64) -> Result<(), Problem> {
        match self.0 {
            Some(expected) if expected != actual => Err(Problem::new(
                Code::RevisionConflict,
                format!("the source has revision {actual}, not {expected}"),
            )
            .with_hint("Read the source again and repeat the change.")),
            _ => Ok(()),
        }
    }

    /// Why a change failed that is made from what was just read: whoever named no revision has none that does not hold.
    pub(crate) fn failure(&self, error: ServiceError) -> Problem {
        let problem = Problem::from(error);
        if self.0.is_some() || !problem.is(Code::RevisionConflict) {
            return problem;
        }
        Problem::new(
            Code::ChangedMeanwhile,
            "somebody else changed it while this change was made, and nothing was done",
        )
        .with_hint("Send it again.")
    }
}

/// A revision as an `ETag`.
pub(crate) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

#[cfg(test)]
mod tests {
    use drishti_services::LedgerError;

    use super::*;

    #[test]
    fn only_a_revision_that_was_named_fails_to_hold() {
        let conflict = || {
            ServiceError::Ledger(LedgerError::RevisionConflict {
                what: "source `acme`".to_owned(),
                expected: 1,
                actual: 2,
            })
        };
        let named = IfMatch(Some(1)).failure(conflict());
        assert!(named.is(Code::RevisionConflict));
        let unnamed = IfMatch(None).failure(conflict());
        assert!(unnamed.is(Code::ChangedMeanwhile));
        let other = IfMatch(None).failure(ServiceError::WrongPassword);
        assert!(other.is(Code::WrongPassword));
    }
}
