use chrono::TimeDelta;
use drishti_ledger::{ApiToken, NewApiToken};
use drishti_model::{Role, Secret, SourceScope};

use super::{SECRET_BYTES, USE_NOTED_EVERY, digest, random_text};
use crate::{ServiceError, Services};

/// How each token begins, so that scanners for secrets know it.
pub const TOKEN_PREFIX: &str = "drishti_";
/// Most days that a token holds.
pub const TOKEN_DAYS_MAX: i64 = 366;

impl Services {
    /// All tokens of programs, the newest first.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, ServiceError> {
        Ok(self.ledger.api_tokens().await?)
    }

    /// Makes a token that may do no more than whoever makes it, `role` in `scope`. It is not told again.
    pub async fn add_api_token(
        &self,
        new: NewApiToken,
        (role, scope): (Role, &SourceScope),
        author: &str,
    ) -> Result<(Secret, ApiToken), ServiceError> {
        let now = self.clock.now();
        let latest = now + TimeDelta::days(TOKEN_DAYS_MAX);
        let problem = if !role.reaches(new.role) || !scope.includes(&new.scope) {
            "it could do more than you can".to_owned()
        } else if new.name.trim().is_empty() || new.name.chars().any(char::is_control) {
            "its name is empty or has control characters".to_owned()
        } else if new.expires_at <= now || new.expires_at > latest {
            format!("it must expire within the next {TOKEN_DAYS_MAX} days")
        } else {
            let secret = format!("{TOKEN_PREFIX}{}", random_text::<SECRET_BYTES>()?);
            let secret = Secret::new(secret);
            let digest = digest(&secret);
            let added = self.ledger.add_api_token(&new, &digest, author, now);
            return Ok((secret, added.await?));
        };
        Err(ServiceError::Refused {
            doing: "making an API token".to_owned(),
            problem,
            advice: String::new(),
        })
    }

    /// Removes a token.
    pub async fn remove_api_token(&self, id: i64, author: &str) -> Result<(), ServiceError> {
        let now = self.clock.now();
        Ok(self.ledger.remove_api_token(id, author, now).await?)
    }

    /// The token that a program shows, unless it is none or has expired.
    pub async fn api_token(&self, shown: &Secret) -> Result<Option<ApiToken>, ServiceError> {
        if !shown.expose().starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let now = self.clock.now();
        let Some(token) = self.ledger.api_token(&digest(shown), now).await? else {
            return Ok(None);
        };
        if token
            .used_at
            .is_none_or(|used| now - used >= USE_NOTED_EVERY)
        {
            self.ledger.touch_api_token(token.id, now).await?;
        }
        Ok(Some(token))
    }
}
