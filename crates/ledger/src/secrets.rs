use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use drishti_model::{Secret, SourceName};
use rand::TryRng;
use rand::rngs::SysRng;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use zeroize::Zeroizing;

use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::secret;
use crate::value::{micros, text};

const KEY_BYTES: usize = 32;
/// Length of a nonce of XChaCha20-Poly1305: long enough to be drawn at random for each secret.
const NONCE_BYTES: usize = 24;
/// First byte of everything sealed, so that another cipher can follow.
const SEALED_VERSION: u8 = 1;
/// Name of the text that tells whether the key is the right one.
const KEY_CHECK: &str = "drishti/key-check";

/// The key that secrets in the ledger are sealed with, by XChaCha20-Poly1305. It prints `[redacted]` and is wiped from memory when
/// dropped. It belongs beside the ledger, not into it.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; KEY_BYTES]>);

impl SealingKey {
    /// Draws a new key from the system.
    pub fn generate() -> Result<Self, LedgerError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        SysRng
            .try_fill_bytes(key.as_mut_slice())
            .map_err(LedgerError::Random)?;
        Ok(Self(key))
    }

    /// Reads what [`SealingKey::to_base64`] wrote.
    pub fn from_base64(text: &Secret) -> Result<Self, LedgerError> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.expose())
                .map_err(|_| LedgerError::KeyFormat)?,
        );
        let key =
            <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| LedgerError::KeyFormat)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// The key as base64, for its file.
    pub fn to_base64(&self) -> Secret {
        Secret::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Encrypts `secret`. Only the same key opens it, and only under the same `name`, so a sealed secret can't be put in
    /// another's place.
    pub(crate) fn seal(&self, name: &str, secret: &Secret) -> Result<Vec<u8>, LedgerError> {
        let mut nonce = [0; NONCE_BYTES];
        SysRng
            .try_fill_bytes(&mut nonce)
            .map_err(LedgerError::Random)?;
        let payload = Payload {
            msg: secret.expose().as_bytes(),
            aad: name.as_bytes(),
        };
        let encrypted = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let encrypted = encrypted.map_err(|_| LedgerError::Unsealable {
            what: name.to_owned(),
        })?;
        Ok([&[SEALED_VERSION], nonce.as_slice(), &encrypted].concat())
    }

    /// Decrypts what [`SealingKey::seal`] made under the same name.
    pub(crate) fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Secret, LedgerError> {
        self.unsealed(name, sealed)
            .ok_or_else(|| LedgerError::Unsealable {
                what: name.to_owned(),
            })
    }

    fn unsealed(&self, name: &str, sealed: &[u8]) -> Option<Secret> {
        let (nonce, encrypted) = sealed
            .strip_prefix(&[SEALED_VERSION])?
            .split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: encrypted,
            aad: name.as_bytes(),
        };
        let bytes = Zeroizing::new(self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()?);
        Some(Secret::new(std::str::from_utf8(&bytes).ok()?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The name under which a source's token is sealed.
pub(crate) fn token_of(source: &SourceName) -> String {
    format!("token of source `{source}`")
}

fn secret_named(name: &str) -> String {
    format!("secret `{name}`")
}

impl Ledger {
    /// The secret that was sealed as `name`.
    pub async fn sealed(&self, name: &str) -> Result<Option<Secret>, LedgerError> {
        let row = secret::Entity::find_by_id(text(name))
            .one(self.database())
            .await;
        let row =
            row.map_err(|error| self.failed(format!("reading the {}", secret_named(name)), error))?;
        row.map(|row| self.key().unseal(&secret_named(name), &row.sealed))
            .transpose()
    }

    /// Seals `secret` as `name`, in place of what was sealed under it.
    pub async fn seal(
        &self,
        name: &str,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let row = secret::ActiveModel {
            name: Set(text(name)),
            sealed: Set(self.key().seal(&secret_named(name), secret)?),
            updated_at: Set(Some(micros(now))),
        };
        let write = self
            .write(format!("saving the {}", secret_named(name)))
            .await?;
        let replace = OnConflict::column(secret::Column::Name)
            .update_columns([secret::Column::Sealed, secret::Column::UpdatedAt])
            .to_owned();
        let outcome = secret::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&write.transaction)
            .await;
        write.finish(outcome.map(|_| ()).map_err(Fault::from)).await
    }

    /// Fails unless the key is the one of the ledger's first opening. Of two first openings at once, one decides.
    pub(crate) async fn check_key(&self) -> Result<(), LedgerError> {
        let doing = || "checking the sealing key".to_owned();
        let found = self
            .key_check_row()
            .await
            .map_err(|fault| self.failed(doing(), fault))?;
        let sealed = if let Some(row) = found {
            row.sealed
        } else {
            let write = self.write(doing()).await?;
            let outcome = self.note_key(&write.transaction).await;
            write.finish(outcome).await?
        };
        self.key()
            .unseal(KEY_CHECK, &sealed)
            .map(|_| ())
            .map_err(|_| LedgerError::WrongKey {
                place: self.place(),
            })
    }

    async fn key_check_row(&self) -> Step<Option<secret::Model>> {
        Ok(secret::Entity::find_by_id(KEY_CHECK)
            .one(self.database())
            .await?)
    }

    async fn note_key(&self, transaction: &sea_orm::DatabaseTransaction) -> Step<Vec<u8>> {
        let row = secret::ActiveModel {
            name: Set(KEY_CHECK.to_owned()),
            sealed: Set(self.key().seal(KEY_CHECK, &Secret::new(KEY_CHECK))?),
            updated_at: Set(None),
        };
        secret::Entity::insert(row)
            .on_conflict_do_nothing()
            .exec_without_returning(transaction)
            .await?;
        let row = secret::Entity::find_by_id(KEY_CHECK)
            .one(transaction)
            .await?;
        row.map(|row| row.sealed)
            .ok_or_else(|| Fault::Unreadable("its check is missing".to_owned()))
    }
}
