//! Identity tokens: JSON Web Signatures (RFC 7515) checked with the provider's keys (RFC 7517), and claims checked as `OpenID Connect`
//! Core 1.0, section 3.1.3.7, says. Only public-key algorithms are taken: neither `none` nor a shared secret.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::identity::Claims;

/// How far the clock of the provider may be off.
const LEEWAY_SECONDS: i64 = 60;
/// Most bytes of a token.
const TOKEN_BYTES_MAX: usize = 64 << 10;
/// Most bytes of the provider's name for somebody (`OpenID Connect` Core 1.0, section 2).
const SUBJECT_BYTES_MAX: usize = 255;
/// First byte of an elliptic curve's point that is written in full (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The keys of a provider.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Keys {
    keys: Vec<Value>,
}

/// One of them, as far as it is one that signs.
#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: DateTime<Utc>,
}

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No key of the provider's that is known signed it; a newer one may have.
    NoKey,
    /// It is not to be taken, whatever the keys.
    Bad(&'static str),
}

impl Refusal {
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::NoKey => "no key of the provider has signed it",
            Self::Bad(words) => words,
        }
    }
}

use Refusal::Bad;

/// The claims of a token that one of the keys has signed and that says what is expected.
pub(super) fn verified(
    token: &str,
    keys: &Keys,
    expected: &Expected<'_>,
) -> Result<Claims, Refusal> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Bad("it is too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Bad("it is no token"))?;
    let (header, claims) = signed.split_once('.').ok_or(Bad("it is no token"))?;
    let header: Header = part(header)?;
    if header.crit.is_some() {
        return Err(Bad("it asks for an extension"));
    }
    let signature = decoded(signature).ok_or(Bad("its signature can't be read"))?;
    let algorithm = Algorithm::named(&header.alg).ok_or(Bad("its algorithm is not taken"))?;
    let is_signed = keys
        .of(&header)
        .any(|key| algorithm.is_by(&key, signed.as_bytes(), &signature));
    if !is_signed {
        return Err(Refusal::NoKey);
    }
    let claims: Claims = part(claims)?;
    check(&claims, expected)?;
    Ok(claims)
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let bytes = decoded(text).ok_or(Bad("it can't be read"))?;
    serde_json::from_slice(&bytes).map_err(|_| Bad("it can't be read"))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

impl Keys {
    /// The keys that may have signed what has this header.
    fn of<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = Key> + 'a {
        let all = self
            .keys
            .iter()
            .filter_map(|key| Key::deserialize(key).ok());
        all.filter(|key| {
            let signs = key
                .purpose
                .as_deref()
                .is_none_or(|purpose| purpose == "sig");
            let is_named = header.kid.is_none() || key.kid == header.kid;
            let fits = key.alg.as_deref().is_none_or(|alg| alg == header.alg);
            signs && is_named && fits
        })
    }
}

enum Algorithm {
    Rsa(&'static RsaParameters),
    P256,
    P384,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::P256,
            "ES384" => Self::P384,
            _ => return None,
        })
    }

    /// Whether this key made this signature of `signed`.
    fn is_by(&self, key: &Key, signed: &[u8], signature: &[u8]) -> bool {
        let number = |text: &Option<String>| decoded(text.as_deref()?);
        let on_curve = |curve: &str| {
            let is_on = key.kty == "EC" && key.crv.as_deref() == Some(curve);
            let (x, y) = (number(&key.x)?, number(&key.y)?);
            is_on.then(|| [&[UNCOMPRESSED], x.as_slice(), &y].concat())
        };
        match self {
            Self::Rsa(parameters) => {
                let (Some(n), Some(e)) = (number(&key.n), number(&key.e)) else {
                    return false;
                };
                let components = RsaPublicKeyComponents { n, e };
                key.kty == "RSA" && components.verify(parameters, signed, signature).is_ok()
            }
            Self::P256 => on_curve("P-256").is_some_and(|point| {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(signed, signature).is_ok()
            }),
            Self::P384 => on_curve("P-384").is_some_and(|point| {
                let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point);
                key.verify(signed, signature).is_ok()
            }),
        }
    }
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refusal> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(Bad("another provider made it"));
    }
    let (is_meant, is_alone) = match claims.get("aud") {
        Some(Value::String(audience)) => (audience == expected.client_id, true),
        Some(Value::Array(audiences)) => (
            audiences.iter().any(|one| one == expected.client_id),
            audiences.len() == 1,
        ),
        _ => (false, true),
    };
    let party = claims.get("azp");
    let is_for_us = match party {
        Some(party) => party == expected.client_id,
        None => is_alone,
    };
    if !is_meant || !is_for_us {
        return Err(Bad("it is meant for another application"));
    }
    let now = expected.now.timestamp();
    let seconds = |name: &str| {
        let value = claims.get(name)?;
        // Some write fractions of a second.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is cut off is no second"
        )]
        value
            .as_i64()
            .or_else(|| value.as_f64().map(|seconds| seconds as i64))
    };
    let expires = seconds("exp").ok_or(Bad("it does not say when it expires"))?;
    if expires.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(Bad("it has expired; the clocks may differ"));
    }
    let issued = seconds("iat").ok_or(Bad("it does not say when it was made"))?;
    let begins = seconds("nbf").unwrap_or(issued);
    if issued.max(begins) > now.saturating_add(LEEWAY_SECONDS) {
        return Err(Bad("it is from the future; the clocks may differ"));
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(Bad("it was made for another attempt"));
    }
    if !text("sub").is_some_and(|subject| (1..=SUBJECT_BYTES_MAX).contains(&subject.len())) {
        return Err(Bad("it does not say whom it is about"));
    }
    Ok(())
}
