//! `[server]`: https, the provider to sign in with, and what one caller may ask for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use drishti_model::{Role, Secret, SourceName, SourceScope};
use drishti_server::{RequestLimits, ServerOptions, TlsFiles};
use drishti_services::access::{GroupRole, OpenId, OpenIdSettings};
use serde::Deserialize;
use url::{Host, Url};

use super::{Configuration, environment, read_secret_file};

/// Where a provider sends people back to.
const CALLBACK: &str = "/api/v1/session/openid/callback";

/// `[server]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerSection {
    /// Whether a proxy stands before the server whose `X-Forwarded-For` and `X-Forwarded-Proto` can be believed.
    behind_proxy: bool,
    /// Where browsers find the server.
    public_url: Option<Url>,
    #[serde(default)]
    metrics: MetricsReaders,
    tls: Option<TlsSection>,
    limits: LimitsSection,
    openid: Option<OpenIdSection>,
}

/// `metrics` in `[server]`: who may read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MetricsReaders {
    /// Whoever has a token or is signed in, and sees all sources.
    #[default]
    Known,
    /// All who can reach the server.
    Open,
}

/// `tls` in `[server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsSection {
    certificate: PathBuf,
    key: PathBuf,
}

/// `[server.limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsSection {
    requests_per_minute: Option<u32>,
    burst: Option<u32>,
    concurrent_queries: Option<usize>,
}

/// `[server.openid]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenIdSection {
    issuer: String,
    client_id: String,
    /// File with what the installation shows the provider.
    client_secret_file: Option<PathBuf>,
    #[serde(default = "usual_scopes")]
    scopes: Vec<String>,
    #[serde(default = "usual_name_claim")]
    name_claim: String,
    #[serde(default = "usual_groups_claim")]
    groups_claim: String,
    #[serde(default)]
    roles: BTreeMap<String, GroupSection>,
    default_role: Option<RoleWord>,
    #[serde(default)]
    add_operators: bool,
    /// Whether an address counts that the provider does not say was proved.
    #[serde(default)]
    accept_unverified_email: bool,
    #[serde(default = "usual_display")]
    display: String,
}

fn usual_scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).into()
}

fn usual_name_claim() -> String {
    "email".to_owned()
}

fn usual_groups_claim() -> String {
    "groups".to_owned()
}

fn usual_display() -> String {
    "Single sign-on".to_owned()
}

/// What the members of a group may do.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a role (viewer, analyst, reviewer, auditor, admin), or { role = \"…\", sources = [\"…\"] }"
)]
enum GroupSection {
    Everywhere(RoleWord),
    Narrowed(NarrowedSection),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NarrowedSection {
    role: RoleWord,
    sources: Vec<SourceName>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct RoleWord(Role);

impl TryFrom<String> for RoleWord {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse().map(Self)
    }
}

impl From<&GroupSection> for GroupRole {
    fn from(section: &GroupSection) -> Self {
        match section {
            GroupSection::Everywhere(RoleWord(role)) => Self {
                role: *role,
                scope: SourceScope::All,
            },
            GroupSection::Narrowed(narrowed) => Self {
                role: narrowed.role.0,
                scope: SourceScope::of(Some(narrowed.sources.iter().cloned())),
            },
        }
    }
}

impl Configuration {
    /// How the server at `address` is set up.
    pub(crate) fn server_options(
        &self,
        token: Secret,
        address: SocketAddr,
    ) -> anyhow::Result<ServerOptions> {
        let public = self.public_url()?;
        Ok(ServerOptions {
            loopback_only_hosts: address.ip().is_loopback(),
            public_host: public.and_then(|url| url.host_str().map(str::to_owned)),
            behind_proxy: self.server.behind_proxy,
            tls: self.tls_files()?,
            openid: self.openid()?,
            limits: self.limits(),
            metrics_are_open: self.server.metrics == MetricsReaders::Open,
            ..ServerOptions::new(token)
        })
    }

    /// Whether passwords would cross a network in the clear, as far as is known here.
    pub(crate) fn is_in_the_clear(&self, address: SocketAddr) -> anyhow::Result<bool> {
        let is_guarded = self.server.behind_proxy || self.tls_files()?.is_some();
        Ok(!address.ip().is_loopback() && !is_guarded)
    }

    /// Certificate and key: the environment's, else the file's.
    pub(crate) fn tls_files(&self) -> anyhow::Result<Option<TlsFiles>> {
        let path = |name| {
            let path = environment::secret(name)?;
            anyhow::Ok(path.map(|path| PathBuf::from(path.expose())))
        };
        let (certificate, key) = (
            path(environment::TLS_CERTIFICATE)?,
            path(environment::TLS_KEY)?,
        );
        match (certificate, key, &self.server.tls) {
            (Some(certificate), Some(key), _) => Ok(Some(TlsFiles { certificate, key })),
            (None, None, Some(tls)) => Ok(Some(TlsFiles {
                certificate: self.folder().join(&tls.certificate),
                key: self.folder().join(&tls.key),
            })),
            (None, None, None) => Ok(None),
            _ => bail!(
                "`{}` and `{}` belong together; set both or none",
                environment::TLS_CERTIFICATE,
                environment::TLS_KEY
            ),
        }
    }

    fn limits(&self) -> RequestLimits {
        let (usual, set) = (RequestLimits::default(), &self.server.limits);
        RequestLimits {
            requests_per_minute: set.requests_per_minute.unwrap_or(usual.requests_per_minute),
            burst: set.burst.unwrap_or(usual.burst),
            concurrent_queries: set.concurrent_queries.unwrap_or(usual.concurrent_queries),
        }
    }

    /// Where browsers find the server: the environment's address, else the file's.
    fn public_url(&self) -> anyhow::Result<Option<Url>> {
        let url = match environment::secret(environment::PUBLIC_URL)? {
            Some(url) => Some(Url::parse(url.expose()).context("reading the public URL")?),
            None => self.server.public_url.clone(),
        };
        let Some(url) = url else { return Ok(None) };
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_plain || !url.username().is_empty() {
            bail!("`public_url` must be like https://drishti.example.com, without a path");
        }
        Ok(Some(url))
    }

    /// The provider to sign in with.
    pub(crate) fn openid(&self) -> anyhow::Result<Option<OpenId>> {
        let Some(section) = &self.server.openid else {
            return Ok(None);
        };
        self.openid_of(section)
            .map(Some)
            .context("reading `[server.openid]` of the configuration")
    }

    fn openid_of(&self, section: &OpenIdSection) -> anyhow::Result<OpenId> {
        let public = self.public_url()?.context(
            "it needs `public_url` in `[server]`: the address under which browsers find this server, where the provider sends them back to",
        )?;
        if public.scheme() != "https" && !is_here(&public) {
            bail!("`public_url` must begin with https:// so that nobody on the way gets in");
        }
        let settings = OpenIdSettings {
            issuer: section.issuer.clone(),
            client_id: section.client_id.clone(),
            client_secret: self.client_secret(section.client_secret_file.as_deref())?,
            scopes: section.scopes.clone(),
            name_claim: section.name_claim.clone(),
            groups_claim: section.groups_claim.clone(),
            roles: section
                .roles
                .iter()
                .map(|(group, role)| (group.clone(), role.into()))
                .collect(),
            default_role: section.default_role.map(|RoleWord(role)| role),
            adds_operators: section.add_operators,
            accepts_unverified_email: section.accept_unverified_email,
            display: section.display.clone(),
            redirect: public.join(CALLBACK).context("joining the addresses")?,
        };
        Ok(OpenId::new(settings)?)
    }

    fn client_secret(&self, file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
        match (environment::secret(environment::CLIENT_SECRET)?, file) {
            (Some(secret), _) => Ok(Some(secret)),
            (None, Some(file)) => read_secret_file(&self.folder().join(file)).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// Whether an address is on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
