//! TLS: certificate and key from files, which are read again when they change, so that a renewal needs no restart.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

/// How long before a certificate expires that is said.
pub const CERTIFICATE_WARNING: TimeDelta = TimeDelta::days(21);

/// Most bytes of a file with certificates or a key.
pub const TLS_FILE_BYTES_MAX: u64 = 1 << 20;

/// How often it is said again that a certificate expires.
const SAID_EVERY: TimeDelta = TimeDelta::days(1);

/// The only protocol that is spoken inside.
const PROTOCOL: &[u8] = b"http/1.1";

/// A moment after every certificate's end: 9999-12-31 23:59:58 UTC. What is valid even then (RFC 5280, section 4.1.2.5) has none.
const END_OF_TIME_SECONDS: u64 = 253_402_300_798;

/// Where certificate and key are, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and after it those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What is wrong with these files.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One can't be read.
    #[error("reading the {what} `{}`", path.display())]
    Read {
        /// Which one.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One is far too large.
    #[error("the {what} `{}` has over {TLS_FILE_BYTES_MAX} bytes; this can't be the right file", path.display())]
    TooLarge {
        /// Which one.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
    },
    /// One has not in it what it should.
    #[error("there is no {what} in `{}`, or none in PEM without a password: {problem}", path.display())]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What was found instead.
        problem: String,
    },
    /// They don't belong together.
    #[error("the key `{}` does not belong to the certificate `{}`", key.display(), certificate.display())]
    Mismatch {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// They can't be used.
    #[error("using the certificate `{}`", certificate.display())]
    Unusable {
        /// The certificate.
        certificate: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    pair: Arc<CertifiedKey>,
    /// Until when it holds, where it says so.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How long a certificate goes on holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Long enough.
    Long,
    /// Until then, which is soon.
    Short(DateTime<Utc>),
    /// No longer, since then.
    Over(DateTime<Utc>),
}

/// The bytes of both files.
type Contents = (Vec<u8>, Vec<u8>);

impl TlsFiles {
    /// Reads both, and sees whether they belong together. An expired certificate is one: what collects beside the server must not end
    /// with it.
    pub fn load(&self) -> Result<Certificate, TlsError> {
        self.parse(&self.read()?)
    }

    fn read(&self) -> Result<Contents, TlsError> {
        Ok((
            read("certificate", &self.certificate)?,
            read("key", &self.key)?,
        ))
    }

    fn parse(&self, (certificate, key): &Contents) -> Result<Certificate, TlsError> {
        let pem = |what, path: &Path, problem: pem::Error| TlsError::Pem {
            what,
            path: path.to_owned(),
            problem: match problem {
                pem::Error::NoItemsFound => "nothing of the kind was found".to_owned(),
                // The others may hold a line of the key.
                _ => "it can't be read".to_owned(),
            },
        };
        let unreadable = |problem| pem("certificate", &self.certificate, problem);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        let Some(first) = chain.first() else {
            return Err(unreadable(pem::Error::NoItemsFound));
        };
        let expires_at = end_of(first);
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|problem| pem("private key", &self.key, problem))?;
        let pair =
            CertifiedKey::from_der(chain, key, &crypto()).map_err(|source| match source {
                rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
                    certificate: self.certificate.clone(),
                    key: self.key.clone(),
                },
                source => TlsError::Unusable {
                    certificate: self.certificate.clone(),
                    source,
                },
            })?;
        Ok(Certificate {
            pair: Arc::new(pair),
            expires_at,
        })
    }
}

impl Certificate {
    /// How long it goes on holding.
    pub fn lifetime(&self, now: DateTime<Utc>) -> Lifetime {
        match self.expires_at {
            Some(end) if end <= now => Lifetime::Over(end),
            Some(end) if end <= now + CERTIFICATE_WARNING => Lifetime::Short(end),
            _ => Lifetime::Long,
        }
    }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        let limited = &mut file.take(TLS_FILE_BYTES_MAX + 1);
        limited.read_to_end(&mut bytes)
    });
    read.map_err(|source| TlsError::Read {
        what,
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() as u64 > TLS_FILE_BYTES_MAX {
        return Err(TlsError::TooLarge {
            what,
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// The one implementation of cryptography in the tree.
fn crypto() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

/// When a certificate ends. `webpki` tells it only where it refuses one, so it is asked about the end of time.
fn end_of(certificate: &CertificateDer<'_>) -> Option<DateTime<Utc>> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    let refused = parsed.verify_for_usage(
        &[],
        &[],
        &[],
        UnixTime::since_unix_epoch(Duration::from_secs(END_OF_TIME_SECONDS)),
        webpki::KeyUsage::server_auth(),
        None,
        None,
    );
    match refused {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            let seconds = i64::try_from(not_after.as_secs()).ok()?;
            DateTime::from_timestamp(seconds, 0)
        }
        _ => None,
    }
}

/// What a server shows, and what it last read.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    contents: Contents,
    shown: watch::Sender<Arc<CertifiedKey>>,
    certificate: Certificate,
    said_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Shown(watch::Receiver<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.borrow()))
    }
}

impl Tls {
    pub(crate) fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = files.read()?;
        let certificate = files.parse(&contents)?;
        Ok(Self {
            files,
            contents,
            shown: watch::Sender::new(Arc::clone(&certificate.pair)),
            certificate,
            said_at: None,
        })
    }

    /// What makes a connection an encrypted one.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(crypto()))
            .with_safe_default_protocol_versions()
            .map_err(|source| TlsError::Unusable {
                certificate: self.files.certificate.clone(),
                source,
            })?;
        let shown = Shown(self.shown.subscribe());
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Takes up files that have changed. Where they can't be used (one may be written before the other), what there was stays, and the
    /// next look tries again.
    pub(crate) fn look_again(&mut self, now: DateTime<Utc>) {
        match self.files.read() {
            Ok(contents) if contents != self.contents => {
                match self.files.parse(&contents) {
                    Ok(certificate) => {
                        self.shown.send_replace(Arc::clone(&certificate.pair));
                        self.certificate = certificate;
                        self.said_at = None;
                        tracing::info!("a new certificate is used");
                    }
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "the old certificate stays in use");
                    }
                }
                self.contents = contents;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = %chain(&error), "the old certificate stays in use");
            }
        }
        self.say_how_long(now);
    }

    fn say_how_long(&mut self, now: DateTime<Utc>) {
        if self.said_at.is_some_and(|said| now - said < SAID_EVERY) {
            return;
        }
        let path = self.files.certificate.display();
        match self.certificate.lifetime(now) {
            Lifetime::Long => return,
            Lifetime::Short(end) => {
                tracing::warn!(certificate = %path, expires_at = %end, "the certificate expires soon");
            }
            Lifetime::Over(end) => {
                tracing::error!(certificate = %path, expired_at = %end, "the certificate has expired; browsers refuse it");
            }
        }
        self.said_at = Some(now);
    }
}

fn chain(error: &TlsError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
