use std::ops::RangeInclusive;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use drishti_model::Secret;
use tokio::sync::Semaphore;

use super::random;
use crate::ServiceError;

/// How many characters a password has.
pub const PASSWORD_CHARACTERS: RangeInclusive<usize> = 12..=256;

/// Bytes of the longest password.
const PASSWORD_BYTES_MAX: usize = 4 * *PASSWORD_CHARACTERS.end();
/// Memory, passes and lanes of Argon2id, as OWASP recommends.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Passwords that are hashed at once, and those that may wait for it.
const AT_ONCE_MAX: usize = 2;
const WAITING_MAX: usize = 16;
/// What is compared with where there is no operator, so that it takes as long. It is the hash of no known password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords, few at once: each takes memory and time on purpose.
pub(super) struct Passwords {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            working: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl Passwords {
    /// The hash of a password.
    pub(super) async fn hash(&self, password: &Secret) -> Result<Secret, ServiceError> {
        let (password, salt) = (password.clone(), random::<SALT_BYTES>()?);
        self.run(move || hash(&password, &salt)).await?
    }

    /// Whether a password has this hash. It takes the same time where there is none to compare with.
    pub(super) async fn check(
        &self,
        password: &Secret,
        hash: Option<&Secret>,
    ) -> Result<bool, ServiceError> {
        let password = password.clone();
        let hash = hash.cloned().unwrap_or_else(|| Secret::new(NOBODY));
        self.run(move || is_of(&password, &hash)).await
    }

    /// Does `work` on a thread that may be kept busy. Its turn lasts as long as the work, even where nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let busy = |_| ServiceError::Busy;
        let place = self.waiting.try_acquire().map_err(busy)?;
        let turn = Arc::clone(&self.working).acquire_owned().await;
        let turn = turn.map_err(|_| ServiceError::Busy)?;
        drop(place);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await
            .map_err(|_| ServiceError::TaskDied("the hashing of a password"))
    }
}

fn argon2() -> Result<Argon2<'static>, ServiceError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
    let params = params.map_err(|error| ServiceError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Secret, salt: &[u8]) -> Result<Secret, ServiceError> {
    let hash = argon2()?.hash_password_with_salt(bytes(password), salt);
    let hash = hash.map_err(|error| ServiceError::Hash(error.to_string()))?;
    Ok(Secret::new(hash.to_string()))
}

fn is_of(password: &Secret, hash: &Secret) -> bool {
    let parsed = PasswordHash::new(hash.expose());
    parsed.is_ok_and(|hash| {
        Argon2::default()
            .verify_password(bytes(password), &hash)
            .is_ok()
    })
}

/// As much of a password as is looked at. What is longer than any can be is none.
fn bytes(password: &Secret) -> &[u8] {
    let bytes = password.expose().as_bytes();
    bytes.get(..PASSWORD_BYTES_MAX).unwrap_or(bytes)
}

/// Refuses a password that nobody should have.
pub(super) fn check_rules(name: &str, password: &Secret) -> Result<(), ServiceError> {
    let characters = password.expose().chars().count();
    let (least, most) = PASSWORD_CHARACTERS.into_inner();
    let problem = if !(least..=most).contains(&characters) {
        format!("it has {characters} characters, expected {least} to {most}")
    } else if password.expose().eq_ignore_ascii_case(name) {
        "it is the name".to_owned()
    } else {
        return Ok(());
    };
    Err(ServiceError::Refused {
        doing: "setting a password".to_owned(),
        problem,
        advice: "Take several words, or a random one from a password manager.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_has_its_hash_and_no_other() {
        let passwords = Passwords::default();
        let right = Secret::new("correct horse battery");
        let hash = passwords.hash(&right).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(passwords.hash(&right).await.unwrap(), hash);
        for (password, hash, is_right) in [
            ("correct horse battery", Some(&hash), true),
            ("Correct horse battery", Some(&hash), false),
            ("", Some(&hash), false),
            ("correct horse battery", None, false),
            (
                "correct horse battery",
                Some(&Secret::new("no hash")),
                false,
            ),
        ] {
            let checked = passwords.check(&Secret::new(password), hash).await;
            assert_eq!(checked.unwrap(), is_right, "{password}");
        }
    }

    /// Otherwise the time of an answer would tell which names there are.
    #[test]
    fn nobody_has_a_hash_like_others() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash(&Secret::new("correct horse battery"), &[7; SALT_BYTES]).unwrap();
        let somebody = PasswordHash::new(somebody.expose()).unwrap();
        assert_eq!(nobody.algorithm, somebody.algorithm);
        assert_eq!(nobody.version, somebody.version);
        assert_eq!(nobody.params.to_string(), somebody.params.to_string());
        assert_eq!(nobody.hash.unwrap().len(), somebody.hash.unwrap().len());
    }

    #[tokio::test]
    async fn no_more_than_a_few_wait() {
        let passwords = Passwords::default();
        let all = u32::try_from(WAITING_MAX).unwrap();
        let taken = passwords.waiting.acquire_many(all).await.unwrap();
        let refused = passwords.check(&Secret::new("x"), None).await;
        assert!(matches!(refused, Err(ServiceError::Busy)));
        drop(taken);
        assert!(!passwords.check(&Secret::new("x"), None).await.unwrap());
    }

    #[test]
    fn passwords_have_rules() {
        let long = "x".repeat(256);
        for (name, password, is_good) in [
            ("mara", "correct horse", true),
            ("mara", "ünïcödé-längs", true),
            ("mara", "elevenchars", false),
            ("mara", long.as_str(), true),
            ("mara", &format!("{long}x"), false),
            ("mara.of.security", "Mara.Of.Security", false),
            ("mara", "", false),
        ] {
            let checked = check_rules(name, &Secret::new(password));
            assert_eq!(checked.is_ok(), is_good, "{password}");
        }
    }
}
