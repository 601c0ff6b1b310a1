use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{LedgerError, Session};
use drishti_model::Secret;
use thiserror::Error;

use super::{SECRET_BYTES, SESSION_SPAN, USE_NOTED_EVERY, digest, random_text, totp};
use crate::{ServiceError, Services};

/// An attempt to sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who it says it is.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// A code of the second factor.
    pub code: Option<Secret>,
    /// Where it comes from, where that is known.
    pub address: Option<IpAddr>,
}

/// Somebody who has just signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What shows from now on that it is them. Nobody else knows it.
    pub secret: Secret,
    /// The session.
    pub session: Session,
}

/// Why somebody is not let in.
#[derive(Debug, Error)]
pub enum SignInError {
    /// No operator has this name and this password, or they may not sign in.
    #[error("no operator who may sign in has this name and this password")]
    WrongCredentials,
    /// The password is right, and a second factor is asked for.
    #[error("a code of the second factor is needed, and each counts once")]
    CodeNeeded,
    /// Too many have been made with this name, or from this address.
    #[error("too many attempts to sign in")]
    TooManyAttempts {
        /// How long to wait.
        wait: TimeDelta,
    },
    /// It could not be found out.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<LedgerError> for SignInError {
    fn from(error: LedgerError) -> Self {
        Self::Service(error.into())
    }
}

/// When a session ends if it is used no more.
pub fn expires_at(session: &Session) -> DateTime<Utc> {
    let idle_end = session.seen_at + SESSION_SPAN.idle;
    idle_end.min(session.created_at + SESSION_SPAN.longest)
}

impl Services {
    /// Lets an operator in who shows the password and, where it is set up, a code of the second factor. It takes as long, and says the
    /// same, whether a name is unknown, its operator disabled, or the password wrong.
    pub async fn sign_in(&self, attempt: SignIn) -> Result<SignedIn, SignInError> {
        let now = self.clock.now();
        let name = attempt.name.trim().to_lowercase();
        let begun = self.access.attempts().begin(&name, attempt.address, now);
        if let Err(wait) = begun {
            self.tell_lock_out(&name, now).await?;
            return Err(SignInError::TooManyAttempts { wait });
        }
        let operator = self.ledger.operator(&name).await?;
        let secrets = self.ledger.operator_secrets(&name).await?;
        let may = operator.as_ref().is_some_and(|operator| operator.enabled);
        let secrets = secrets.filter(|secrets| may && !secrets.password_hash.is_empty());
        let hash = secrets.as_ref().map(|secrets| &secrets.password_hash);
        let checked = self.access.passwords.check(&attempt.password, hash).await;
        if matches!(checked, Err(ServiceError::Busy)) {
            let mut attempts = self.access.attempts();
            attempts.take_back(&name, attempt.address, now);
        }
        let is_right = checked?;
        let known = operator.as_ref().map(|operator| operator.name.as_str());
        let Some(secrets) = secrets.filter(|_| is_right) else {
            self.tell_failure(known, now).await?;
            return Err(SignInError::WrongCredentials);
        };
        if let Some(totp) = &secrets.totp {
            let Some(code) = attempt.code else {
                return Err(SignInError::CodeNeeded);
            };
            if !self.takes_code(&name, totp, &code, now).await? {
                self.tell_failure(known, now).await?;
                return Err(SignInError::CodeNeeded);
            }
        }
        let secret = Secret::new(random_text::<SECRET_BYTES>()?);
        let shown = (name.as_str(), &secrets.password_hash);
        let begun = self
            .ledger
            .begin_session(&digest(&secret), shown, SESSION_SPAN, now)
            .await?;
        // While the password was checked, it was changed or its operator disabled.
        let session = begun.ok_or(SignInError::WrongCredentials)?;
        self.access.attempts().succeed(&name);
        Ok(SignedIn { secret, session })
    }

    async fn takes_code(
        &self,
        name: &str,
        totp: &Secret,
        code: &Secret,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        match totp::step_of(totp, code, now) {
            Some(step) => self.ledger.take_totp_step(name, step).await,
            None => Ok(false),
        }
    }

    /// Notes a failure in the audit trail, at most once a minute and name. The name that nobody has is not told: it may be a password.
    pub(super) async fn tell_failure(
        &self,
        operator: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let key = operator.unwrap_or_default();
        if !self.access.attempts().is_to_be_told(key, now) {
            return Ok(());
        }
        let subject = operator.unwrap_or("unknown");
        self.note_in_trail("unknown", "sign-in failed", ("session", subject))
            .await
    }

    /// Notes in the audit trail that attempts are refused, at most once a minute and name.
    async fn tell_lock_out(&self, name: &str, now: DateTime<Utc>) -> Result<(), ServiceError> {
        let operator = self.ledger.operator(name).await?;
        let subject = operator.map_or_else(|| "unknown".to_owned(), |operator| operator.name);
        // No operator's name has a space.
        let key = format!("locked out {subject}");
        if !self.access.attempts().is_to_be_told(&key, now) {
            return Ok(());
        }
        self.note_in_trail("unknown", "sign-in locked", ("session", &subject))
            .await
    }

    /// The session that a secret shows, unless it is over.
    pub async fn session(&self, secret: &Secret) -> Result<Option<Session>, ServiceError> {
        let (digest, now) = (digest(secret), self.clock.now());
        let Some(mut session) = self.ledger.session(&digest, SESSION_SPAN, now).await? else {
            return Ok(None);
        };
        if now - session.seen_at >= USE_NOTED_EVERY {
            match self.ledger.touch_session(&digest, now).await {
                Ok(()) => session.seen_at = now,
                // Whoever is let in need not be refused because that can't be noted now.
                Err(error) => tracing::warn!(%error, "the use of a session could not be noted"),
            }
        }
        Ok(Some(session))
    }

    /// Ends the session that a secret shows.
    pub async fn sign_out(&self, secret: &Secret, operator: &str) -> Result<(), ServiceError> {
        let now = self.clock.now();
        Ok(self
            .ledger
            .end_session(&digest(secret), operator, now)
            .await?)
    }
}
