//! How the server is reached: https, and the provider to sign in with.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use drishti_model::{Clock, SystemClock, canonical_time};
use drishti_server::{Lifetime, TlsFiles};
use drishti_services::Services;

use super::{Finding, words};
use crate::configuration::{Configuration, LISTEN};

const TLS: &str = "tls";
const OPENID: &str = "openid connect";

/// Whether the way to the server is encrypted, and for how long; nothing where only this machine reaches it.
pub(super) fn encryption(configuration: &Configuration) -> Option<Finding> {
    let address: SocketAddr = configuration.listen.unwrap_or(LISTEN);
    match configuration.tls_files() {
        Err(error) => Some(Finding::bad(TLS, words(&error), "")),
        Ok(Some(files)) => Some(certificate(&files, SystemClock.now())),
        Ok(None) => {
            let is_in_the_clear = configuration.is_in_the_clear(address).unwrap_or(true);
            is_in_the_clear.then(|| {
                let found = format!(
                    "{address} can be reached from other machines, and nothing is encrypted"
                );
                let advice = "Set `tls` in `[server]` of drishti.toml, or `behind_proxy = true` where a proxy with TLS stands before the server.";
                Finding::bad(TLS, found, advice)
            })
        }
    }
}

fn certificate(files: &TlsFiles, now: DateTime<Utc>) -> Finding {
    let renew = "Renew it; a running server takes up the new files by itself.";
    let certificate = match files.load() {
        Ok(certificate) => certificate,
        Err(error) => {
            let advice = "Correct `tls` in `[server]` of drishti.toml, or the files.";
            return Finding::bad(TLS, words(&error.into()), advice);
        }
    };
    match (certificate.lifetime(now), certificate.expires_at) {
        (Lifetime::Over(end), _) => {
            let found = format!("the certificate expired at {}", canonical_time(end));
            Finding::bad(TLS, found, renew)
        }
        (Lifetime::Short(end), _) => {
            let found = format!("the certificate expires at {}", canonical_time(end));
            Finding::bad(TLS, found, renew)
        }
        (Lifetime::Long, Some(end)) => {
            let found = format!("the certificate holds until {}", canonical_time(end));
            Finding::good(TLS, found)
        }
        (Lifetime::Long, None) => Finding::good(TLS, "certificate and key belong together"),
    }
}

/// Whether people can sign in with the provider; nothing where there is none.
pub(super) async fn provider(
    services: &Services,
    configuration: &Configuration,
    offline: bool,
) -> Option<Finding> {
    let openid = match configuration.openid() {
        Ok(openid) => openid?,
        Err(error) => return Some(Finding::bad(OPENID, words(&error), "")),
    };
    if offline {
        return Some(Finding::good(OPENID, "set up; not asked"));
    }
    Some(match services.check_openid(&openid).await {
        Ok(()) => Finding::good(OPENID, "the provider answers"),
        Err(error) => {
            let advice = "See that `issuer` is what the provider calls itself, and that this machine reaches it.";
            Finding::bad(OPENID, words(&error.into()), advice)
        }
    })
}
