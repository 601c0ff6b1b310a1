//! Who may do what: operators with passwords and second factors, their sessions, the tokens of programs, and the trail of what all of
//! them do. `docs/ACCESS.md` tells it to people.

mod attempts;
mod first;
mod openid;
mod operators;
mod passwords;
mod repeatable;
mod sign_in;
mod standing;
mod tokens;
mod totp;
mod trail;

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use drishti_ledger::{LedgerError, SessionSpan};
use drishti_model::Secret;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

use crate::ServiceError;
use attempts::Attempts;
use passwords::Passwords;

pub use attempts::{
    ATTEMPTS_OF_ADDRESS_MAX, ATTEMPTS_OF_NAME_MAX, ATTEMPTS_SPAN, whole as whole_network,
};
pub use first::FIRST_OPERATOR;
pub use openid::{
    GroupRole, OpenId, OpenIdError, OpenIdReturn, OpenIdSettings, OpenIdStart, PROVIDER_BYTES_MAX,
    PROVIDER_TIME_MAX,
};
pub use operators::{AddOperator, random_password};
pub use passwords::PASSWORD_CHARACTERS;
pub use repeatable::{KeptAnswer, Repeatable, Repetition};
pub use sign_in::{SignIn, SignInError, SignedIn, expires_at};
pub use standing::Proof;
pub use tokens::{TOKEN_DAYS_MAX, TOKEN_PREFIX, TokenMaker};
pub use trail::AUDIT_PAGE_BYTES_MAX;

/// How long a session lasts.
pub const SESSION_SPAN: SessionSpan = SessionSpan {
    idle: TimeDelta::hours(12),
    longest: TimeDelta::days(7),
};

/// How exact it is noted when a session or a token was last used: a write for each request would be one too many.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(5);

/// Bytes of the secret of a session or a token.
const SECRET_BYTES: usize = 32;

/// What a process remembers about sign-ins.
#[derive(Default)]
pub(crate) struct AccessMemory {
    passwords: Passwords,
    attempts: Mutex<Attempts>,
}

impl AccessMemory {
    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Random bytes from the system.
fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(LedgerError::Random)?;
    Ok(bytes)
}

/// Random text that nobody guesses.
pub(crate) fn random_text<const N: usize>() -> Result<String, ServiceError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<N>()?))
}

/// What the ledger knows a random secret by. It needs no salt and no slowness: nobody guesses 32 random bytes.
fn digest(secret: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.expose()))
}
