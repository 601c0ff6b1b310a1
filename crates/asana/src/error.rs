use std::fmt;
use std::time::Duration;

use drishti_model::ErrorKind;
use thiserror::Error;

use crate::client::BODY_BYTES_MAX;
use crate::directory::DIRECTORY_PAGES_MAX;
use crate::event::Rejection;

/// What was being read when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `GET /users/me`
    Me,
    /// `GET /workspaces`
    Workspaces,
    /// `GET /workspaces/{gid}`
    Workspace,
    /// `GET /users?workspace={gid}`
    Users,
    /// `GET /workspaces/{gid}/workspace_memberships`
    WorkspaceMemberships,
    /// `GET /workspaces/{gid}/teams`
    Teams,
    /// `GET /teams/{gid}/team_memberships`
    TeamMemberships,
    /// `GET /workspaces/{gid}/audit_log_events`
    AuditLog,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Me => "the token's own user",
            Self::Workspaces => "the workspaces",
            Self::Workspace => "the workspace",
            Self::Users => "the users",
            Self::WorkspaceMemberships => "the workspace memberships",
            Self::Teams => "the teams",
            Self::TeamMemberships => "the team memberships",
            Self::AuditLog => "the audit log",
        })
    }
}

/// Why Asana could not be read. `words` are Asana's own, made harmless and short; they may be empty. The token is in none of them.
#[derive(Debug, Error)]
pub enum AsanaError {
    /// The address can't be used.
    #[error("the api address `{address}` can't be used: {reason}")]
    Address {
        /// The address, without a password in it.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token is empty, or has characters that no token has.
    #[error("the token is empty or has characters that can't be sent")]
    TokenUnusable,
    /// The HTTP client could not be made.
    #[error("preparing the http client")]
    Setup {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An id that is no decimal number, and so none of Asana's.
    #[error("reading {endpoint}: `{gid}` is no id of asana, expected 1 to 32 digits")]
    Gid {
        /// What was being read.
        endpoint: Endpoint,
        /// The text in question.
        gid: String,
    },
    /// 400 about the offset: it expired, or was never Asana's.
    #[error("reading {endpoint}: asana refused the offset (400): {words}")]
    OffsetRefused {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 400 about anything else.
    #[error("reading {endpoint}: asana refused the request (400): {words}")]
    BadRequest {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 401.
    #[error("reading {endpoint}: asana refused the token (401): {words}")]
    TokenRejected {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 402.
    #[error("reading {endpoint}: the asana plan does not include it (402): {words}")]
    PlanTooLow {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 403.
    #[error("reading {endpoint}: the token may not see it (403): {words}")]
    Forbidden {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 404.
    #[error("reading {endpoint}: asana does not know it (404): {words}")]
    NotFound {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 451.
    #[error("reading {endpoint}: asana does not serve this network address (451): {words}")]
    Embargoed {
        /// What was being read.
        endpoint: Endpoint,
        /// What Asana said.
        words: String,
    },
    /// 429, after all tries, or with a `Retry-After` beyond [`crate::RETRY_AFTER_MAX`].
    #[error("reading {endpoint}: asana's rate limit is used up (429): {words}")]
    RateLimited {
        /// What was being read.
        endpoint: Endpoint,
        /// How long Asana wants to be left alone, where it said so.
        retry_after: Option<Duration>,
        /// What Asana said.
        words: String,
    },
    /// 5xx or 408, after all tries.
    #[error("reading {endpoint}: asana failed ({status}): {words}")]
    Unavailable {
        /// What was being read.
        endpoint: Endpoint,
        /// The HTTP status.
        status: u16,
        /// What Asana said.
        words: String,
    },
    /// 3xx. Redirects are not followed, so that the token goes to no other host.
    #[error("reading {endpoint}: the address leads elsewhere ({status})")]
    Redirected {
        /// What was being read.
        endpoint: Endpoint,
        /// The HTTP status.
        status: u16,
    },
    /// A status that Asana's documents don't have here.
    #[error("reading {endpoint}: unexpected answer ({status}): {words}")]
    UnexpectedStatus {
        /// What was being read.
        endpoint: Endpoint,
        /// The HTTP status.
        status: u16,
        /// What Asana said.
        words: String,
    },
    /// No whole answer within [`crate::REQUEST_TIMEOUT`], after all tries.
    #[error("reading {endpoint}: no answer in time")]
    TimedOut {
        /// What was being read.
        endpoint: Endpoint,
        /// Where the time went.
        #[source]
        source: reqwest::Error,
    },
    /// The connection could not be made, or broke off before the whole answer was there, after all tries.
    #[error("reading {endpoint}: the connection failed or broke off")]
    Connection {
        /// What was being read.
        endpoint: Endpoint,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// More than [`BODY_BYTES_MAX`] bytes, unpacked. A page of fewer elements may fit.
    #[error("reading {endpoint}: the answer has more than {BODY_BYTES_MAX} bytes")]
    BodyTooLarge {
        /// What was being read.
        endpoint: Endpoint,
    },
    /// An answer of another shape than documented, after all tries.
    #[error("reading {endpoint}: asana's answer can't be understood")]
    Broken {
        /// What was being read.
        endpoint: Endpoint,
        /// What is wrong with it.
        #[source]
        source: Rejection,
    },
    /// A list that does not end.
    #[error("reading {endpoint}: the list has more than {DIRECTORY_PAGES_MAX} pages")]
    TooManyPages {
        /// What was being read.
        endpoint: Endpoint,
    },
}

impl AsanaError {
    /// Whose fault it is, and so whether trying again later can help. Collection may always go on after
    /// [`AsanaError::OffsetRefused`], from a time instead of the offset.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Address { .. }
            | Self::TokenUnusable
            | Self::Gid { .. }
            | Self::BadRequest { .. }
            | Self::TokenRejected { .. }
            | Self::PlanTooLow { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Embargoed { .. } => ErrorKind::ThirdPartyConfig,
            Self::Setup { .. } => ErrorKind::FirstPartyGeneric,
            Self::OffsetRefused { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Redirected { .. }
            | Self::UnexpectedStatus { .. }
            | Self::TimedOut { .. }
            | Self::Connection { .. }
            | Self::BodyTooLarge { .. }
            | Self::Broken { .. }
            | Self::TooManyPages { .. } => ErrorKind::ThirdPartyGeneric,
        }
    }

    /// The HTTP status behind it, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::OffsetRefused { .. } | Self::BadRequest { .. } => Some(400),
            Self::TokenRejected { .. } => Some(401),
            Self::PlanTooLow { .. } => Some(402),
            Self::Forbidden { .. } => Some(403),
            Self::NotFound { .. } => Some(404),
            Self::Embargoed { .. } => Some(451),
            Self::RateLimited { .. } => Some(429),
            Self::Unavailable { status, .. }
            | Self::Redirected { status, .. }
            | Self::UnexpectedStatus { status, .. } => Some(*status),
            Self::Address { .. }
            | Self::TokenUnusable
            | Self::Setup { .. }
            | Self::Gid { .. }
            | Self::TimedOut { .. }
            | Self::Connection { .. }
            | Self::BodyTooLarge { .. }
            | Self::Broken { .. }
            | Self::TooManyPages { .. } => None,
        }
    }

    /// What Asana itself said, on one line and without control characters; empty where it said nothing.
    pub fn words(&self) -> &str {
        match self {
            Self::OffsetRefused { words, .. }
            | Self::BadRequest { words, .. }
            | Self::TokenRejected { words, .. }
            | Self::PlanTooLow { words, .. }
            | Self::Forbidden { words, .. }
            | Self::NotFound { words, .. }
            | Self::Embargoed { words, .. }
            | Self::RateLimited { words, .. }
            | Self::Unavailable { words, .. }
            | Self::UnexpectedStatus { words, .. } => words,
            _ => "",
        }
    }

    /// How long Asana wants to be left alone, where it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same request may succeed when it is sent again at once or a little later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::TimedOut { .. }
                | Self::Connection { .. }
                | Self::Broken { .. }
        )
    }
}
