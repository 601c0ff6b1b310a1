use chrono::{DateTime, Utc};
use drishti_model::Secret;
use sea_orm::DatabaseTransaction;

use crate::Ledger;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::operators::{end_sessions, hold, store, trail};
use crate::tables::operator;
use crate::value::{count, micros};

/// What an operator proves to be themselves with.
#[derive(Clone, Debug)]
pub struct OperatorSecrets {
    /// The hash of the password; empty where there is none.
    pub password_hash: Secret,
    /// The secret of the second factor.
    pub totp: Option<Secret>,
    /// The secret of a second factor that was offered and not confirmed.
    pub totp_offered: Option<Secret>,
}

impl Ledger {
    /// What an operator proves to be themselves with.
    pub async fn operator_secrets(
        &self,
        name: &str,
    ) -> Result<Option<OperatorSecrets>, LedgerError> {
        let Some(row) = self.operator_row(name).await? else {
            return Ok(None);
        };
        let unsealed = |sealed: Option<Vec<u8>>| {
            sealed
                .map(|sealed| self.key().unseal(&totp_of(name), &sealed))
                .transpose()
        };
        Ok(Some(OperatorSecrets {
            password_hash: Secret::new(row.password_hash),
            totp: unsealed(row.sealed_totp)?,
            totp_offered: unsealed(row.sealed_totp_offered)?,
        }))
    }

    /// Gives an operator another password, which ends their sessions; with `without_totp` it takes their second factor as well.
    pub async fn set_operator_password(
        &self,
        name: &str,
        password_hash: &Secret,
        without_totp: bool,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self
            .write(format!("changing the password of operator `{name}`"))
            .await?;
        let outcome = async {
            let row = hold(&write.transaction, name).await?;
            let trail = trail(name, author, now);
            set_password(&write.transaction, row, password_hash, without_totp, trail).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Gives an operator another password in exchange for the one with the hash `shown`; `false` where they have another meanwhile.
    pub async fn exchange_operator_password(
        &self,
        name: &str,
        shown: &Secret,
        password_hash: &Secret,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let write = self
            .write(format!("changing the password of operator `{name}`"))
            .await?;
        let outcome = async {
            let row = hold(&write.transaction, name).await?;
            if row.password_hash != shown.expose() {
                return Ok(false);
            }
            let trail = trail(name, name, now);
            set_password(&write.transaction, row, password_hash, false, trail).await?;
            Ok(true)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Seals the secret of a second factor that is not asked for before it is confirmed; `false` where there is one already.
    pub async fn offer_totp(
        &self,
        name: &str,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let sealed = self.key().seal(&totp_of(name), secret)?;
        let doing = format!("offering operator `{name}` a second factor");
        let write = self.write(doing).await?;
        let outcome = async {
            let mut row = hold(&write.transaction, name).await?;
            check_local(&row)?;
            if row.sealed_totp.is_some() {
                return Ok(false);
            }
            row.sealed_totp_offered = Some(sealed);
            row.updated_at = micros(now);
            store(&write.transaction, row).await?;
            Ok(true)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Asks for the offered second factor from now on; a code of `step` or earlier no longer counts. Nothing is changed, and `false` said,
    /// where meanwhile there is one, or another than the one with the secret `proved` was offered.
    pub async fn confirm_totp(
        &self,
        name: &str,
        (proved, step): (&Secret, u64),
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let doing = format!("setting up the second factor of operator `{name}`");
        let write = self.write(doing).await?;
        let outcome = async {
            let mut row = hold(&write.transaction, name).await?;
            let Some(offered) = row.sealed_totp_offered.take() else {
                return Ok(false);
            };
            let secret = self.key().unseal(&totp_of(name), &offered)?;
            if row.sealed_totp.is_some() || secret != *proved {
                return Ok(false);
            }
            row.sealed_totp = Some(offered);
            row.totp_step = count(step);
            row.updated_at = micros(now);
            store(&write.transaction, row).await?;
            let trail = trail(name, author, now);
            trail
                .note(&write.transaction, "second factor added", (None, None))
                .await?;
            Ok(true)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Asks for no second factor any more.
    pub async fn remove_totp(
        &self,
        name: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let doing = format!("removing the second factor of operator `{name}`");
        let write = self.write(doing).await?;
        let outcome = async {
            let mut row = hold(&write.transaction, name).await?;
            let had = row.sealed_totp.take().is_some();
            row.sealed_totp_offered = None;
            row.updated_at = micros(now);
            store(&write.transaction, row).await?;
            if !had {
                return Ok(());
            }
            let trail = trail(name, author, now);
            trail
                .note(&write.transaction, "second factor removed", (None, None))
                .await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Takes the code of a step; `false` where one of this step or a later one was taken before.
    pub async fn take_totp_step(&self, name: &str, step: u64) -> Result<bool, LedgerError> {
        let doing = format!("taking a code of operator `{name}`");
        let write = self.write(doing).await?;
        let outcome = async {
            let mut row = hold(&write.transaction, name).await?;
            if count(step) <= row.totp_step {
                return Ok(false);
            }
            row.totp_step = count(step);
            store(&write.transaction, row).await?;
            Ok(true)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }
}

async fn set_password(
    transaction: &DatabaseTransaction,
    mut row: operator::Model,
    password_hash: &Secret,
    without_totp: bool,
    trail: Trail<'_>,
) -> Step<()> {
    check_local(&row)?;
    password_hash.expose().clone_into(&mut row.password_hash);
    let loses_totp = without_totp && row.sealed_totp.is_some();
    if without_totp {
        row.sealed_totp = None;
        row.sealed_totp_offered = None;
    }
    row.updated_at = micros(trail.at);
    let name = row.name.clone();
    store(transaction, row).await?;
    end_sessions(transaction, &name).await?;
    trail
        .note(transaction, "password changed", (None, None))
        .await?;
    if loses_totp {
        trail
            .note(transaction, "second factor removed", (None, None))
            .await?;
    }
    Ok(())
}

/// Refuses a password or second factor for somebody whose provider asks for both.
fn check_local(row: &operator::Model) -> Step<()> {
    if row.openid_subject.is_none() {
        return Ok(());
    }
    Err(Fault::Refused(format!(
        "operator `{}` signs in with the provider of OpenID Connect, which asks for password and second factor",
        row.name
    )))
}

/// The name under which the secret of a second factor is sealed.
fn totp_of(name: &str) -> String {
    format!("second factor of operator `{name}`")
}
