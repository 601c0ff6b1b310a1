use chrono::{DateTime, Utc};
use drishti_model::{Role, Secret, SourceScope};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::error::{LedgerError, Step};
use crate::operators::{Change, add, hold, store, trail};
use crate::sessions::begin;
use crate::tables::operator;
use crate::value::text;
use crate::{Ledger, NewOperator, OperatorChange, Session, SessionSpan};

/// Who the audit trail says adds and changes operators as their provider tells.
pub const OPENID_AUTHOR: &str = "openid";

/// Whom a provider of `OpenID` vouches for.
#[derive(Clone, Debug)]
pub struct OpenIdIdentity {
    /// The provider and its own unchanging name for them.
    pub subject: String,
    /// The name that they have here when they sign in first.
    pub name: String,
    /// For people.
    pub display_name: String,
    /// What the provider's groups let them do; `None` where an admin says so here.
    pub may: Option<(Role, SourceScope)>,
    /// What somebody may do who is not known yet; `None` where nobody is added.
    pub may_at_first: Option<(Role, SourceScope)>,
}

/// What came of signing in with a provider.
#[derive(Clone, Debug)]
pub enum OpenIdSignIn {
    /// They are in.
    Begun(Session),
    /// Nobody of this name is known, and nobody is added.
    Unknown,
    /// Somebody else has this name, or has a password here.
    NameTaken,
    /// They are known, and may not sign in.
    Disabled,
}

impl Ledger {
    /// Begins a session of whom a provider vouches for, and makes role and sources what its groups say. The audit trail tells of it all.
    pub async fn sign_in_with_openid(
        &self,
        identity: &OpenIdIdentity,
        digest: &str,
        span: SessionSpan,
        now: DateTime<Utc>,
    ) -> Result<OpenIdSignIn, LedgerError> {
        let doing = format!("signing in `{}` with OpenID Connect", identity.name);
        let write = self.write(doing).await?;
        let outcome = sign_in(&write.transaction, identity, digest, span, now).await;
        write.finish(outcome).await
    }
}

async fn sign_in(
    transaction: &DatabaseTransaction,
    identity: &OpenIdIdentity,
    digest: &str,
    span: SessionSpan,
    now: DateTime<Utc>,
) -> Step<OpenIdSignIn> {
    let known = operator::Entity::find()
        .filter(operator::Column::OpenidSubject.eq(text(&identity.subject)))
        .lock_exclusive()
        .one(transaction)
        .await?;
    let name = match known {
        Some(row) => row.name,
        None => match first_time(transaction, identity, now).await? {
            Ok(name) => name,
            Err(refused) => return Ok(refused),
        },
    };
    if !hold(transaction, &name).await?.enabled {
        return Ok(OpenIdSignIn::Disabled);
    }
    let (role, scope) = identity.may.clone().unzip();
    let change = OperatorChange {
        display_name: Some(identity.display_name.clone()),
        role,
        scope,
        enabled: None,
    };
    let how = Change {
        name: &name,
        expected_revision: None,
        author: OPENID_AUTHOR,
        now,
    };
    how.make(transaction, change).await?;
    let row = hold(transaction, &name).await?;
    let begun = begin(transaction, digest, row, span, now).await?;
    Ok(OpenIdSignIn::Begun(begun))
}

/// The name here of somebody who signs in with the provider for the first time.
async fn first_time(
    transaction: &DatabaseTransaction,
    identity: &OpenIdIdentity,
    now: DateTime<Utc>,
) -> Step<Result<String, OpenIdSignIn>> {
    let of_name = operator::Entity::find_by_id(text(&identity.name))
        .lock_exclusive()
        .one(transaction)
        .await?;
    match (of_name, &identity.may_at_first) {
        // A password or another subject makes it somebody else's.
        (Some(row), _) if !row.password_hash.is_empty() || row.openid_subject.is_some() => {
            return Ok(Err(OpenIdSignIn::NameTaken));
        }
        (Some(_), _) => {}
        (None, Some((role, scope))) => {
            let new = NewOperator {
                name: identity.name.clone(),
                display_name: identity.display_name.clone(),
                role: *role,
                scope: scope.clone(),
                password_hash: Secret::new(""),
            };
            add(transaction, &new, OPENID_AUTHOR, now).await?;
        }
        (None, None) => return Ok(Err(OpenIdSignIn::Unknown)),
    }
    let mut row = hold(transaction, &identity.name).await?;
    row.openid_subject = Some(text(&identity.subject));
    let name = row.name.clone();
    store(transaction, row).await?;
    let trail = trail(&name, OPENID_AUTHOR, now);
    trail
        .note(transaction, "joined to the provider", (None, None))
        .await?;
    Ok(Ok(name))
}
