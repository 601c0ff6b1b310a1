use drishti_model::{Role, Secret, SourceScope};

use super::{SESSION_SPAN, digest};
use crate::{ServiceError, Services};

/// What shows again and again who somebody is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The secret of a session.
    Session(Secret),
    /// The token of a program.
    Token(Secret),
}

impl Services {
    /// What a proof allows now; `None` where it no longer holds. Asking is no use of a session: one that is only followed ends when it is
    /// idle.
    pub async fn standing(
        &self,
        proof: &Proof,
    ) -> Result<Option<(Role, SourceScope)>, ServiceError> {
        let now = self.clock.now();
        Ok(match proof {
            Proof::Session(secret) => {
                let digest = digest(secret);
                let session = self.ledger.session(&digest, SESSION_SPAN, now).await?;
                session.map(|session| (session.operator.role, session.operator.scope))
            }
            Proof::Token(secret) => {
                let token = self.ledger.api_token(&digest(secret), now).await?;
                token.map(|token| (token.role, token.scope))
            }
        })
    }
}
