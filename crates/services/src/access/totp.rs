use std::fmt::Display;

use chrono::{DateTime, Utc};
use drishti_model::Secret;
use totp_rs::{Builder, Totp};

use super::random;
use crate::ServiceError;

/// What an authenticator shows the codes under.
const ISSUER: &str = "Drishti";
/// Bytes of a secret: as many as SHA-1 has.
const SECRET_BYTES: usize = 20;

/// A new secret, in base32.
pub(super) fn new_secret() -> Result<Secret, ServiceError> {
    let bytes = random::<SECRET_BYTES>()?;
    Ok(Secret::new(
        totp_rs::Secret::from(bytes.to_vec()).to_base32(),
    ))
}

/// What an authenticator is set up with: an `otpauth` address.
pub(super) fn address(secret: &Secret, name: &str) -> Result<String, ServiceError> {
    totp(secret, name)?.to_url().map_err(failed)
}

/// The number of the half minute whose code this is: now, or the one before or after.
pub(super) fn step_of(secret: &Secret, code: &Secret, now: DateTime<Utc>) -> Option<u64> {
    let totp = totp(secret, "operator").ok()?;
    totp.check(code.expose(), u64::try_from(now.timestamp()).ok()?)
}

fn totp(secret: &Secret, name: &str) -> Result<Totp, ServiceError> {
    let secret = totp_rs::Secret::try_from_base32(secret.expose()).map_err(failed)?;
    let totp = Builder::new()
        .with_secret(secret)
        .with_issuer(Some(ISSUER))
        .with_account_name(name)
        .build();
    totp.map_err(failed)
}

fn failed(error: impl Display) -> ServiceError {
    ServiceError::Hash(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the codes of RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        for (seconds, code, step) in [
            (59, "287082", Some(1)),
            (89, "287082", Some(1)),
            (90, "287082", None),
            (29, "287082", Some(1)),
            (1_111_111_109, "081804", Some(37_037_036)),
            (20_000_000_000, "353130", Some(666_666_666)),
            (59, "28708", None),
            (59, "", None),
            (59, "287083", None),
            (-59, "287082", None),
        ] {
            assert_eq!(
                step_of(&secret, &Secret::new(code), at(seconds)),
                step,
                "{code} at {seconds}"
            );
        }
    }

    #[test]
    fn a_secret_is_told_as_an_address() {
        let secret = new_secret().unwrap();
        assert_ne!(secret, new_secret().unwrap());
        let address = address(&secret, "mara@example.org").unwrap();
        assert!(
            address.starts_with("otpauth://totp/Drishti:mara%40example.org?"),
            "{address}"
        );
        assert!(address.contains(&format!("secret={}", secret.expose())));
        assert!(address.contains("issuer=Drishti"));
    }
}
