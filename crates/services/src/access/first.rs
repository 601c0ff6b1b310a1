use drishti_ledger::{LedgerError, NewOperator};
use drishti_model::{Role, Secret, SourceScope};

use super::operators::random_password;
use crate::{ServiceError, Services};

/// Name of the operator that a new installation begins with.
pub const FIRST_OPERATOR: &str = "admin";

/// Who the audit trail says added them.
const AUTHOR: &str = "setup";

impl Services {
    /// Adds the first operator where there is none, with this password or a random one, and gives the password: nobody can read it
    /// later.
    pub async fn add_first_operator(
        &self,
        password: Option<Secret>,
    ) -> Result<Option<Secret>, ServiceError> {
        if !self.ledger.operators().await?.is_empty() {
            return Ok(None);
        }
        let password = match password {
            Some(password) => password,
            None => random_password()?,
        };
        let first = NewOperator {
            name: FIRST_OPERATOR.to_owned(),
            display_name: "Administrator".to_owned(),
            role: Role::Admin,
            scope: SourceScope::All,
            password_hash: self.access.passwords.hash(&password).await?,
        };
        let now = self.clock.now();
        match self.ledger.add_operator(&first, AUTHOR, now).await {
            Ok(_) => Ok(Some(password)),
            // Another process was faster, and has told its password.
            Err(LedgerError::OperatorExists(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
