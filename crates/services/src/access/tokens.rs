use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{ApiToken, NewApiToken};
use drishti_model::{Role, Secret, SourceScope};

use super::{SECRET_BYTES, USE_NOTED_EVERY, digest, random_text};
use crate::{ServiceError, Services};

/// How each token begins, so that scanners for secrets know it.
pub const TOKEN_PREFIX: &str = "drishti_";
/// Most days that a token holds.
pub const TOKEN_DAYS_MAX: i64 = 366;

/// Who makes a token.
#[derive(Clone, Copy, Debug)]
pub struct TokenMaker<'a> {
    /// As the audit trail calls them.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// Which sources they may see.
    pub scope: &'a SourceScope,
    /// Until when they may, where they are a token themselves.
    pub until: Option<DateTime<Utc>>,
}

impl Services {
    /// All tokens of programs, the newest first.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, ServiceError> {
        Ok(self.ledger.api_tokens().await?)
    }

    /// Makes a token that may do no more than whoever makes it, and no longer. It is not told again.
    pub async fn add_api_token(
        &self,
        new: NewApiToken,
        maker: TokenMaker<'_>,
    ) -> Result<(Secret, ApiToken), ServiceError> {
        let now = self.clock.now();
        let latest = now + TimeDelta::days(TOKEN_DAYS_MAX);
        let problem = if !maker.role.reaches(new.role) || !maker.scope.includes(&new.scope) {
            "it could do more than you can".to_owned()
        } else if new.name.trim().is_empty() || new.name.chars().any(char::is_control) {
            "its name is empty or has control characters".to_owned()
        } else if new.expires_at <= now || new.expires_at > latest {
            format!("it must expire within the next {TOKEN_DAYS_MAX} days")
        } else if maker.until.is_some_and(|until| new.expires_at > until) {
            "it would hold longer than the token that makes it".to_owned()
        } else {
            let secret = format!("{TOKEN_PREFIX}{}", random_text::<SECRET_BYTES>()?);
            let secret = Secret::new(secret);
            let digest = digest(&secret);
            let added = self.ledger.add_api_token(&new, &digest, maker.name, now);
            return Ok((secret, added.await?));
        };
        Err(ServiceError::Refused {
            doing: "making an API token".to_owned(),
            problem,
            advice: String::new(),
        })
    }

    /// Removes a token, and those that were made with it.
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
            let noted = self.ledger.touch_api_token(token.id, now).await;
            if let Err(error) = noted {
                // Whoever is let in need not be refused because that can't be noted now.
                tracing::warn!(%error, "the use of a token could not be noted");
            }
        }
        Ok(Some(token))
    }
}
