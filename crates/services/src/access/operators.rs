use drishti_ledger::{DETECTION_AUTHOR, NewOperator, OPENID_AUTHOR, Operator, OperatorChange};
use drishti_model::{Role, Secret, SourceScope};

use super::passwords::check_rules;
use super::{random_text, totp};
use crate::{ServiceError, Services};

/// Most characters of an operator's name.
const NAME_CHARACTERS_MAX: usize = 64;
/// Characters of a name besides lower-case letters and digits.
const NAME_PUNCTUATION: &str = "._-@";
/// Names that the trail uses for others.
const RESERVED: [&str; 5] = [
    DETECTION_AUTHOR,
    "drishti",
    OPENID_AUTHOR,
    "setup",
    "unknown",
];
/// Random bytes of a password that is made.
const PASSWORD_BYTES: usize = 18;

/// An operator to be added.
#[derive(Clone, Debug)]
pub struct AddOperator {
    /// The name to sign in with.
    pub name: String,
    /// For people; the name where it is empty.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Which sources they may see.
    pub scope: SourceScope,
    /// What they sign in with at first; without one they sign in with the provider of `OpenID` only.
    pub password: Option<Secret>,
}

/// A password that nobody guesses.
pub fn random_password() -> Result<Secret, ServiceError> {
    random_text::<PASSWORD_BYTES>().map(Secret::new)
}

impl Services {
    /// All operators, by name.
    pub async fn operators(&self) -> Result<Vec<Operator>, ServiceError> {
        Ok(self.ledger.operators().await?)
    }

    /// The operator of this name.
    pub async fn operator(&self, name: &str) -> Result<Operator, ServiceError> {
        let operator = self.ledger.operator(name).await?;
        operator.ok_or_else(|| no_such(name))
    }

    /// Adds an operator.
    pub async fn add_operator(
        &self,
        add: AddOperator,
        author: &str,
    ) -> Result<Operator, ServiceError> {
        check_name(&add.name)?;
        let password_hash = match &add.password {
            Some(password) => {
                check_rules(&add.name, password)?;
                self.access.passwords.hash(password).await?
            }
            None => Secret::new(""),
        };
        let display_name = match add.display_name.trim() {
            "" => add.name.clone(),
            display_name => display_name.to_owned(),
        };
        let new = NewOperator {
            password_hash,
            name: add.name,
            display_name,
            role: add.role,
            scope: add.scope,
        };
        let now = self.clock.now();
        Ok(self.ledger.add_operator(&new, author, now).await?)
    }

    /// Changes an operator; with `revision`, only where they still have that.
    pub async fn change_operator(
        &self,
        name: &str,
        change: OperatorChange,
        revision: Option<i64>,
        author: &str,
    ) -> Result<Operator, ServiceError> {
        let now = self.clock.now();
        let changed = self
            .ledger
            .change_operator(name, change, revision, author, now);
        Ok(changed.await?)
    }

    /// Removes an operator; with `revision`, only where they still have that.
    pub async fn remove_operator(
        &self,
        name: &str,
        revision: Option<i64>,
        author: &str,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        Ok(self
            .ledger
            .remove_operator(name, revision, author, now)
            .await?)
    }

    /// Gives an operator another password without asking for the old one, and takes the second factor of one who has lost it.
    pub async fn reset_password(
        &self,
        name: &str,
        password: &Secret,
        without_totp: bool,
        author: &str,
    ) -> Result<(), ServiceError> {
        self.operator(name).await?;
        check_rules(name, password)?;
        let hash = self.access.passwords.hash(password).await?;
        let now = self.clock.now();
        let set = self
            .ledger
            .set_operator_password(name, &hash, without_totp, author, now);
        Ok(set.await?)
    }

    /// Gives an operator another password in exchange for the old one.
    pub async fn change_password(
        &self,
        name: &str,
        old: &Secret,
        new: &Secret,
    ) -> Result<(), ServiceError> {
        check_rules(name, new)?;
        let shown = self.check_password(name, old).await?;
        let hash = self.access.passwords.hash(new).await?;
        let now = self.clock.now();
        let exchanged = self
            .ledger
            .exchange_operator_password(name, &shown, &hash, now);
        if exchanged.await? {
            Ok(())
        } else {
            Err(ServiceError::WrongPassword)
        }
    }

    /// Refuses whoever does not know the password, and tells its hash. It counts as an attempt: a session that was left open must not
    /// become a place to guess at.
    async fn check_password(&self, name: &str, password: &Secret) -> Result<Secret, ServiceError> {
        let now = self.clock.now();
        let begun = self.access.attempts().begin_signed_in(name, now);
        begun.map_err(|wait| ServiceError::TooManyAttempts { wait })?;
        let secrets = self.ledger.operator_secrets(name).await?;
        let hash = secrets.map(|secrets| secrets.password_hash);
        let hash = hash.filter(|hash| !hash.is_empty());
        let checked = self.access.passwords.check(password, hash.as_ref()).await;
        if matches!(checked, Err(ServiceError::Busy)) {
            self.access.attempts().take_back_signed_in(name, now);
        }
        let hash = hash.filter(|_| matches!(checked, Ok(true)));
        checked?;
        let hash = hash.ok_or(ServiceError::WrongPassword)?;
        self.access.attempts().succeed_signed_in(name);
        Ok(hash)
    }

    /// Offers an operator who shows their password a second factor: the `otpauth` address that an authenticator is set up with. It is
    /// not told again.
    pub async fn offer_totp(&self, name: &str, password: &Secret) -> Result<Secret, ServiceError> {
        let operator = self.operator(name).await?;
        if operator.has_totp {
            return Err(ServiceError::HasTotp);
        }
        if !operator.has_password {
            return Err(ServiceError::Refused {
                doing: "setting up the second factor".to_owned(),
                problem: "there is no password here that it could add to".to_owned(),
                advice: "The provider that you sign in with asks for a second factor itself."
                    .to_owned(),
            });
        }
        self.check_password(name, password).await?;
        let secret = totp::new_secret()?;
        let address = totp::address(&secret, name)?;
        let now = self.clock.now();
        if self.ledger.offer_totp(name, &secret, now).await? {
            Ok(Secret::new(address))
        } else {
            Err(ServiceError::HasTotp)
        }
    }

    /// Asks for the offered second factor from now on, where the code shows that it works.
    pub async fn confirm_totp(&self, name: &str, code: &Secret) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let begun = self.access.attempts().begin_signed_in(name, now);
        begun.map_err(|wait| ServiceError::TooManyAttempts { wait })?;
        let secrets = self.ledger.operator_secrets(name).await?;
        let offered = secrets.and_then(|secrets| secrets.totp_offered);
        let refused = |problem: &str, advice: &str| ServiceError::Refused {
            doing: "setting up the second factor".to_owned(),
            problem: problem.to_owned(),
            advice: advice.to_owned(),
        };
        let offered = offered.ok_or_else(|| {
            refused(
                "none has been offered",
                "Begin with POST /api/v1/session/totp.",
            )
        })?;
        let step = totp::step_of(&offered, code, now).ok_or_else(|| {
            refused(
                "the code is not the one of now",
                "Read the newest code; the clock of the authenticator must be right.",
            )
        })?;
        self.access.attempts().succeed_signed_in(name);
        let proved = (&offered, step);
        if self.ledger.confirm_totp(name, proved, name, now).await? {
            return Ok(());
        }
        Err(refused(
            "another one was offered or set up meanwhile",
            "Begin again.",
        ))
    }

    /// Asks an operator for no second factor any more, in exchange for the password.
    pub async fn remove_totp(&self, name: &str, password: &Secret) -> Result<(), ServiceError> {
        self.check_password(name, password).await?;
        let now = self.clock.now();
        Ok(self.ledger.remove_totp(name, name, now).await?)
    }
}

pub(super) fn no_such(name: &str) -> ServiceError {
    drishti_ledger::LedgerError::NoSuchOperator(name.to_owned()).into()
}

pub(super) fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let is_name = name.starts_with(is_plain)
        && name.chars().count() <= NAME_CHARACTERS_MAX
        && name
            .chars()
            .all(|character| is_plain(character) || NAME_PUNCTUATION.contains(character));
    if is_name && !RESERVED.contains(&name) {
        return Ok(());
    }
    Err(ServiceError::Refused {
        doing: "adding an operator".to_owned(),
        problem: if is_name {
            format!("`{name}` stands for others in the audit trail")
        } else {
            "the name can't be taken".to_owned()
        },
        advice: format!(
            "Give 1 to {NAME_CHARACTERS_MAX} lower-case letters, digits and {NAME_PUNCTUATION}, beginning with a letter or digit."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_rules() {
        for name in ["mara", "m", "mara.k@example.org", "7of9", "a-b_c"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "x".repeat(NAME_CHARACTERS_MAX + 1);
        for name in [
            "",
            "Mara",
            "mara k",
            ".mara",
            "-mara",
            "mära",
            "mara/..",
            "mara:x",
            "api token",
            "detection",
            "unknown",
            &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn made_passwords_follow_the_rules() {
        let password = random_password().unwrap();
        assert!(check_rules("admin", &password).is_ok());
        assert_ne!(password, random_password().unwrap());
    }
}
