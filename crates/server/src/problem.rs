//! What is answered when something can't be: problem documents (RFC 9457) with stable codes.

use std::error::Error;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use drishti_model::ErrorKind;
use drishti_services::detect::enrich::EnrichError;
use drishti_services::{LakeError, LedgerError, ServiceError};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::rate;

macro_rules! codes {
    ($($code:ident: $status:ident $word:literal $title:literal,)*) => {
        /// What went wrong, by a code that callers can rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($code),* }

        impl Code {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$code),*];

            /// As callers know it.
            pub(crate) fn word(self) -> &'static str {
                self.row().1
            }

            fn row(self) -> (StatusCode, &'static str, &'static str) {
                match self { $(Self::$code => (StatusCode::$status, $word, $title)),* }
            }
        }
    };
}

// The one table: code, status, the code as a word, title.
codes! {
    InvalidParameter: BAD_REQUEST "invalid_parameter" "A parameter is not valid",
    InvalidCursor: BAD_REQUEST "invalid_cursor" "The cursor is not one of ours",
    InvalidBody: BAD_REQUEST "invalid_body" "The body is not as described",
    TlsNeeded: BAD_REQUEST "tls_needed" "This port speaks https",
    Unauthorized: UNAUTHORIZED "unauthorized" "Nobody has signed in",
    WrongCredentials: UNAUTHORIZED "wrong_credentials" "Name or password is wrong",
    SecondFactorNeeded: UNAUTHORIZED "code_needed" "A code of the second factor is needed",
    Forbidden: FORBIDDEN "forbidden" "You may not do this",
    CrossSiteRequest: FORBIDDEN "cross_site_request" "It may come from a page of another site",
    NotFound: NOT_FOUND "not_found" "There is nothing here",
    NoSuchSource: NOT_FOUND "no_such_source" "There is no source of this name",
    NoSuchAlert: NOT_FOUND "no_such_alert" "There is no alert of this id",
    NoSuchPolicy: NOT_FOUND "no_such_policy" "There is no policy of this name",
    NoSuchPerson: NOT_FOUND "no_such_person" "Nobody is known by this",
    NoSuchRange: NOT_FOUND "no_such_range" "There is no range of this name",
    NoSuchSuppression: NOT_FOUND "no_such_suppression" "There is no suppression of this id",
    NoSuchOperator: NOT_FOUND "no_such_operator" "There is no operator of this name",
    NoSuchToken: NOT_FOUND "no_such_token" "There is no token of this id",
    NoSuchView: NOT_FOUND "no_such_view" "There is no such view of yours",
    NoOpenId: NOT_FOUND "no_openid" "OpenID Connect is not set up",
    MethodNotAllowed: METHOD_NOT_ALLOWED "method_not_allowed" "The method does not exist here",
    RequestInProgress: CONFLICT "request_in_progress" "The first request with this key is under way",
    OutcomeUnknown: CONFLICT "outcome_unknown" "The first request with this key was broken off",
    AlreadyDone: CONFLICT "already_done" "The first request with this key was answered",
    PolicyExists: CONFLICT "policy_exists" "A policy of this name exists",
    PolicyNotOwn: CONFLICT "policy_not_own" "The policy was not written here",
    RangeExists: CONFLICT "range_exists" "A range of this name exists",
    SourceExists: CONFLICT "source_exists" "A source of this name exists",
    OperatorExists: CONFLICT "operator_exists" "An operator of this name exists",
    TokenExists: CONFLICT "token_exists" "A token of this name exists",
    ViewExists: CONFLICT "view_exists" "A view of this name exists",
    UpdateRunning: CONFLICT "update_running" "Tables are being fetched already",
    SettingDeclared: CONFLICT "setting_declared" "The setting stands in a configuration file",
    LastAdmin: CONFLICT "last_admin" "No other admin is enabled",
    SecondFactorExists: CONFLICT "second_factor_exists" "A second factor is set up already",
    ChangedMeanwhile: CONFLICT "changed_meanwhile" "Somebody else changed it at the same time",
    SourceHeld: CONFLICT "source_held" "Another process works on the source",
    SourceDeclared: CONFLICT "source_declared" "The source stands in a configuration file",
    SourceIncomplete: CONFLICT "source_incomplete" "The source lacks what this needs",
    RevisionConflict: PRECONDITION_FAILED "revision_conflict" "It was changed meanwhile",
    BodyTooSlow: REQUEST_TIMEOUT "body_too_slow" "The body did not arrive in time",
    BodyTooLarge: PAYLOAD_TOO_LARGE "body_too_large" "The body is too large",
    AddressTooLong: URI_TOO_LONG "address_too_long" "The address is too long",
    UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body is not JSON",
    ForeignHost: MISDIRECTED_REQUEST "foreign_host" "The host is not this server",
    KeyReused: UNPROCESSABLE_ENTITY "key_reused" "The key belongs to another request",
    InvalidPolicy: UNPROCESSABLE_ENTITY "invalid_policy" "The policy can't be read",
    InvalidSetting: UNPROCESSABLE_ENTITY "invalid_setting" "A setting is out of bounds",
    WrongPassword: UNPROCESSABLE_ENTITY "wrong_password" "The password is wrong",
    AsanaRefused: UNPROCESSABLE_ENTITY "asana_refused" "Asana refused",
    QueryTooLarge: UNPROCESSABLE_ENTITY "query_too_large" "The answer takes too much time or memory",
    TooManyAttempts: TOO_MANY_REQUESTS "too_many_attempts" "Too many attempts",
    TooManyRequests: TOO_MANY_REQUESTS "too_many_requests" "Too many requests",
    Internal: INTERNAL_SERVER_ERROR "internal" "Something failed here",
    AsanaUnavailable: BAD_GATEWAY "asana_unavailable" "Asana did not answer as it should",
    Overloaded: SERVICE_UNAVAILABLE "overloaded" "Too many requests at once",
    TooSlow: SERVICE_UNAVAILABLE "too_slow" "The answer took too long",
    NotReady: SERVICE_UNAVAILABLE "not_ready" "A part of the installation does not answer",
}

/// Why a request can't be answered.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    hint: String,
    /// How long to wait before trying again.
    retry_after_seconds: Option<i64>,
    /// What is logged and not told.
    cause: Option<String>,
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument<'a> {
    /// A name of the kind of problem: `urn:drishti:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time.
    detail: &'a str,
    /// The kind of problem as a stable word.
    code: &'a str,
    /// What to do; empty where the detail says it all.
    hint: &'a str,
}

/// What a problem's answer carries to those who say it in other words.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) hint: String,
}

/// What a problem's answer carries to the log.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

/// The problem documents that every operation may answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described in the document, never built")]
pub(crate) enum Failure<'a> {
    /// Nobody has signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument<'a>),
    /// Any other failure.
    #[response(status = "default", content_type = "application/problem+json")]
    Other(ProblemDocument<'a>),
}

/// The same for changes that can name, by `If-Match`, the revision that they are made for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described in the document, never built")]
pub(crate) enum ChangeFailure<'a> {
    /// Nobody has signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument<'a>),
    /// It was changed meanwhile.
    #[response(status = 412, content_type = "application/problem+json")]
    Overtaken(ProblemDocument<'a>),
    /// Any other failure.
    #[response(status = "default", content_type = "application/problem+json")]
    Other(ProblemDocument<'a>),
}

/// The same for operations that need no token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described in the document, never built")]
pub(crate) enum OpenFailure<'a> {
    /// A failure.
    #[response(status = "default", content_type = "application/problem+json")]
    Any(ProblemDocument<'a>),
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            hint: String::new(),
            retry_after_seconds: matches!(code, Code::Overloaded | Code::RequestInProgress)
                .then_some(1),
            cause: None,
        }
    }

    /// Whether it is of this kind.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.code == code
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Too many attempts with one name or from one address.
    pub(crate) fn too_many_attempts(wait: TimeDelta) -> Self {
        let seconds = wait.num_seconds().max(0) + 1;
        Self {
            retry_after_seconds: Some(seconds),
            ..Self::new(
                Code::TooManyAttempts,
                format!(
                    "too many attempts with this name or from this address; try again in {seconds} seconds"
                ),
            )
        }
    }

    /// Too many requests of one caller.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let seconds = rate::seconds(wait);
        let detail = format!("you ask too often; try again in {seconds} seconds");
        Self {
            retry_after_seconds: Some(seconds),
            ..Self::new(Code::TooManyRequests, detail)
        }
    }

    /// Too much work at once for one caller.
    pub(crate) fn too_much_work(most: usize) -> Self {
        let detail = format!("you have {most} queries or backtests under way, and no more can be");
        Self {
            retry_after_seconds: Some(1),
            ..Self::new(Code::TooManyRequests, detail)
        }
    }

    /// Too many keys of requests that may be repeated.
    pub(crate) fn too_many_keys() -> Self {
        let detail = "too many requests with a key in the last 24 hours";
        Self {
            retry_after_seconds: Some(3_600),
            ..Self::new(Code::TooManyRequests, detail)
        }
        .with_hint("Send it without `Idempotency-Key`.")
    }

    /// An unforeseen failure: `cause` goes to the log, the caller only learns that there was one.
    pub(crate) fn internal(cause: &dyn Error) -> Self {
        Self::new(Code::Internal, "the log of the server says more").because(cause)
    }

    /// The same problem, with what caused it for the log.
    pub(crate) fn because(self, cause: &dyn Error) -> Self {
        Self {
            cause: Some(chain(cause)),
            ..self
        }
    }

    /// A parameter that can't be taken.
    pub(crate) fn parameter(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidParameter, format!("`{name}`: {problem}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, word, title) = self.code.row();
        let document = ProblemDocument {
            kind: format!("urn:drishti:problem:{word}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            code: word,
            hint: &self.hint,
        };
        let mut response = (status, axum::Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"drishti\""),
            );
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response.extensions_mut().insert(Said {
            code: self.code,
            detail: self.detail,
            hint: self.hint,
        });
        response
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        if let ServiceError::TooManyAttempts { wait } = error {
            return Self::too_many_attempts(wait);
        }
        let advice = error.advice();
        let code = match &error {
            ServiceError::Asana(_) if error.name() == "SettingsInvalid" => Code::InvalidSetting,
            ServiceError::Asana(_) if error.kind() == ErrorKind::ThirdPartyConfig => {
                Code::AsanaRefused
            }
            ServiceError::Asana(_) => Code::AsanaUnavailable,
            ServiceError::NoWorkspace => Code::AsanaRefused,
            ServiceError::NoSuchSource(_) => Code::NoSuchSource,
            ServiceError::NoSuchAlert(_) => Code::NoSuchAlert,
            ServiceError::NoSuchPolicy(_) => Code::NoSuchPolicy,
            ServiceError::NoSuchPerson(_) => Code::NoSuchPerson,
            ServiceError::PolicyTaken { .. } => Code::PolicyExists,
            ServiceError::NotOwnPolicy { .. } => Code::PolicyNotOwn,
            ServiceError::InvalidPolicy { .. } => Code::InvalidPolicy,
            ServiceError::Held { .. } | ServiceError::LeaseLost(_) => Code::SourceHeld,
            ServiceError::Declared { .. } => Code::SourceDeclared,
            ServiceError::Incomplete { .. } | ServiceError::Paused(_) => Code::SourceIncomplete,
            ServiceError::Setting { .. }
            | ServiceError::Name(_)
            | ServiceError::SumoSource(_)
            | ServiceError::Refused { .. }
            | ServiceError::Enrich(EnrichError::Range { .. }) => Code::InvalidSetting,
            ServiceError::WrongPassword => Code::WrongPassword,
            ServiceError::HasTotp => Code::SecondFactorExists,
            ServiceError::Busy => Code::Overloaded,
            ServiceError::UpdateRunning => Code::UpdateRunning,
            ServiceError::RetentionDeclared { .. } => Code::SettingDeclared,
            ServiceError::Ledger(error) => of_ledger(error),
            ServiceError::Lake(error) => of_lake(error),
            _ => Code::Internal,
        };
        match (&error, code) {
            (_, Code::Internal) => Self::internal(&error).with_hint(advice),
            // What the ledger says names its place.
            (ServiceError::Ledger(LedgerError::Busy { .. }), _) => Self::new(
                code,
                "the ledger is held by another process, and nothing was changed",
            )
            .with_hint("Try again in a moment."),
            (ServiceError::Ledger(LedgerError::Unreachable { .. }), _) => {
                Self::new(code, "the ledger does not answer").because(&error)
            }
            _ => Self::new(code, error.to_string()).with_hint(advice),
        }
    }
}

fn of_ledger(error: &LedgerError) -> Code {
    match error {
        LedgerError::SourceExists(_) => Code::SourceExists,
        LedgerError::NoSuchSource(_) => Code::NoSuchSource,
        LedgerError::NoSuchAlert(_) => Code::NoSuchAlert,
        LedgerError::NoSuchOwnPolicy(_) => Code::NoSuchPolicy,
        LedgerError::PolicyExists(_) => Code::PolicyExists,
        LedgerError::NoSuchRange(_) => Code::NoSuchRange,
        LedgerError::RangeExists(_) => Code::RangeExists,
        LedgerError::NoSuchSuppression(_) => Code::NoSuchSuppression,
        LedgerError::NoSuchOperator(_) => Code::NoSuchOperator,
        LedgerError::OperatorExists(_) => Code::OperatorExists,
        LedgerError::LastAdmin(_) => Code::LastAdmin,
        LedgerError::NoSuchApiToken(_) => Code::NoSuchToken,
        LedgerError::ApiTokenExists(_) => Code::TokenExists,
        LedgerError::NoSuchView(_) => Code::NoSuchView,
        LedgerError::ViewExists(_) => Code::ViewExists,
        LedgerError::Refused { .. } => Code::InvalidSetting,
        LedgerError::RevisionConflict { .. } => Code::RevisionConflict,
        LedgerError::LeaseLost(_) => Code::SourceHeld,
        LedgerError::Busy { .. } => Code::Overloaded,
        LedgerError::Unreachable { .. } => Code::NotReady,
        _ => Code::Internal,
    }
}

fn of_lake(error: &LakeError) -> Code {
    match error {
        LakeError::Query(_) => Code::InvalidParameter,
        LakeError::QueryTime(_)
        | LakeError::QueryMemory(_)
        | LakeError::AnswerSize(_)
        | LakeError::ExportSize { .. } => Code::QueryTooLarge,
        _ => Code::Internal,
    }
}

/// The error and its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table_of_the_documentation() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/API.md");
        let page = std::fs::read_to_string(page).unwrap();
        for code in Code::ALL {
            let (status, word, _) = code.row();
            let row = |line: &&str| line.starts_with('|') && line.contains(&format!("`{word}`"));
            let row = page.lines().find(row).unwrap_or_default();
            assert!(row.contains(status.as_str()), "{word} with {status}");
        }
    }

    #[test]
    fn what_was_not_foreseen_is_logged_and_not_told() {
        let cause = std::io::Error::other("/var/lib/drishti is on fire");
        let response = Problem::internal(&cause).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let Cause(logged) = response.extensions().get().unwrap();
        assert_eq!(logged, "/var/lib/drishti is on fire");
    }
}
