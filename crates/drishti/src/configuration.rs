//! `drishti.toml` and the environment (`docs/CONFIGURATION.md`).

pub(crate) mod environment;
pub(crate) mod proxy;
mod server;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile, SystemClock};
use drishti_services::sources::AddSource;
use drishti_services::watch::{KnowledgeFiles, NamedFile, TableOrigin};
use drishti_services::{Installation, LakeLocation, Proxy, Services};
use environment::Environment;
use serde::Deserialize;
use server::ServerSection;
use url::Url;

use crate::cli::{Cli, TablesArgs};
use crate::home::Home;
use crate::shipped;

/// Where the API listens unless told otherwise.
pub(crate) const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8780);

/// How the address of a ledger in a file begins.
const SQLITE: &str = "sqlite://";

/// Most bytes of a token file or a Sumo Logic document.
const SMALL_FILE_BYTES_MAX: u64 = 1 << 20;

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Configuration {
    /// Where the API listens.
    pub(crate) listen: Option<SocketAddr>,
    /// What stands between this machine and Asana; the environment's where it is not set, none where it is empty.
    proxy: Option<Secret>,
    server: ServerSection,
    pub(crate) lake: LakeSection,
    pub(crate) ledger: LedgerSection,
    pub(crate) sources: Vec<SourceSection>,
    pub(crate) detection: DetectionSection,
    pub(crate) enrichment: EnrichmentSection,
    /// The file itself; `None` where there is none.
    #[serde(skip)]
    file: Option<PathBuf>,
}

/// `[lake]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LakeSection {
    /// A folder, or `s3://…`, `az://…`, `gs://…`.
    location: Option<String>,
    /// Settings of the object store.
    options: BTreeMap<String, Secret>,
    /// Days that events are kept; for ever if not set.
    pub(crate) retention_days: Option<u32>,
}

/// `[ledger]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LedgerSection {
    /// `sqlite://PATH` or `postgres://…`.
    url: Option<Secret>,
}

/// `[detection]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DetectionSection {
    /// Folder of the owner's policies; `policies` in the home folder if not set.
    policies: Option<PathBuf>,
}

/// `[enrichment]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EnrichmentSection {
    /// `MaxMind` databases and tables that say where addresses are: files, or addresses that `drishti geo update` fetches.
    pub(crate) places: Vec<String>,
    /// Lists of addresses, by name; files, or addresses that `drishti geo update` fetches.
    pub(crate) feeds: BTreeMap<String, String>,
    /// Under which licences they are used: by the name of a feed, or as a file of places is written above.
    pub(crate) licences: BTreeMap<String, String>,
}

/// One of `[[sources]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceSection {
    pub(crate) name: SourceName,
    workspace: Option<String>,
    /// File with the token.
    token_file: Option<PathBuf>,
    /// Environment variable with the token.
    token_env: Option<String>,
    api_url: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    collect: CollectSettings,
}

impl Configuration {
    /// Reads the file that the command line names, or the one in the home folder if there is one.
    pub(crate) fn load(cli: &Cli, home: &Home) -> anyhow::Result<Self> {
        let (path, is_named) = match &cli.config {
            Some(path) => (path.clone(), true),
            None => (home.configuration_path(), false),
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                    && !is_named =>
            {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("reading `{}`", path.display()));
            }
        };
        let mut configuration: Self =
            toml::from_str(&text).with_context(|| format!("reading `{}`", path.display()))?;
        let absolute = std::path::absolute(&path);
        configuration.file =
            Some(absolute.with_context(|| format!("finding `{}`", path.display()))?);
        Ok(configuration)
    }

    /// The file, where there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The folder that relative paths in the file are meant from.
    fn folder(&self) -> &Path {
        let folder = self.file.as_deref().and_then(Path::parent);
        folder.unwrap_or(Path::new(""))
    }

    /// Refuses to make an installation out of a folder that only happens to be there. Whoever names a ledger means it.
    pub(crate) fn check_installed(&self, home: &Home) -> anyhow::Result<()> {
        if self.ledger.url.is_some() || environment::secret(environment::LEDGER_URL)?.is_some() {
            return home.make();
        }
        home.check()
    }

    /// The proxy that Asana is reached through: the file's, else the environment's.
    pub(crate) fn proxy(&self) -> anyhow::Result<Option<Proxy>> {
        let environment = Environment::read()?;
        match &self.proxy {
            Some(none) if none.is_empty() => Ok(None),
            Some(address) => proxy::read(address, environment.no_proxy)
                .map(Some)
                .context("reading `proxy` of the configuration"),
            None => Ok(environment.proxy.and_then(|address| {
                // Other programs may understand what this one does not.
                proxy::read(&address, environment.no_proxy)
                    .inspect_err(|error| {
                        tracing::warn!("the proxy of the environment is not used: {error:#}");
                    })
                    .ok()
            })),
        }
    }

    /// The address of the ledger.
    fn ledger_url(&self, environment: &Environment, home: &Home) -> String {
        if let Some(url) = &environment.ledger_url {
            return url.expose().to_owned();
        }
        let Some(url) = self.ledger.url.as_ref().map(Secret::expose) else {
            return format!("{SQLITE}{}", home.ledger_path().display());
        };
        match url.strip_prefix(SQLITE) {
            Some(path) if !path.is_empty() && !path.starts_with(':') => {
                format!("{SQLITE}{}", self.folder().join(path).display())
            }
            _ => url.to_owned(),
        }
    }

    /// Where the lake is. Relative folders are meant from the file's folder, those of the environment from the working directory.
    fn lake_location(
        &self,
        environment: &Environment,
        home: &Home,
    ) -> anyhow::Result<LakeLocation> {
        let (location, folder) = match (&environment.lake, &self.lake.location) {
            (Some(location), _) => (location, Path::new("")),
            (None, Some(location)) => (location, self.folder()),
            (None, None) => return Ok(LakeLocation::folder(&home.lake_path())?),
        };
        let location = if location.contains("://") {
            location.clone()
        } else {
            let folder = std::path::absolute(folder.join(location));
            let folder = folder.with_context(|| format!("finding the lake folder `{location}`"))?;
            folder.display().to_string()
        };
        let options = self
            .lake
            .options
            .iter()
            .map(|(key, value)| (key.clone(), value.expose().to_owned()))
            .chain(environment.object_store.iter().cloned())
            .collect();
        Ok(LakeLocation::parse(&location, options)?)
    }

    /// Takes the tables of the command line beside those of the file.
    pub(crate) fn with_tables(mut self, tables: &TablesArgs) -> anyhow::Result<Self> {
        let absolute = |path: &Path| {
            let absolute = std::path::absolute(path);
            absolute.with_context(|| format!("finding `{}`", path.display()))
        };
        let absolute = |path: &Path| absolute(path).map(|path| path.display().to_string());
        for path in &tables.places {
            self.enrichment.places.push(absolute(path)?);
        }
        for (name, path) in &tables.feeds {
            let path = absolute(Path::new(path))?;
            self.enrichment.feeds.insert(name.clone(), path);
        }
        Ok(self)
    }

    /// What detection and enrichment go by. Relative paths are meant from the file's folder.
    pub(crate) fn knowledge(&self, home: &Home) -> anyhow::Result<KnowledgeFiles> {
        let folder = self.folder();
        let policies = match &self.detection.policies {
            Some(policies) => folder.join(policies),
            None => home.policies_path(),
        };
        let EnrichmentSection {
            places,
            feeds,
            licences,
        } = &self.enrichment;
        if let Some(name) = licences
            .keys()
            .find(|name| !feeds.contains_key(*name) && !places.contains(name))
        {
            bail!(
                "`licences` of the configuration names `{name}`, which is no feed and no file of places"
            );
        }
        let named = places.iter().map(|table| (table, table)).chain(feeds);
        let origins = named.map(|(name, table)| {
            let origin = TableOrigin {
                address: fetched(table),
                licence: licences.get(name).cloned(),
            };
            (self.table_path(home, table), origin)
        });
        Ok(KnowledgeFiles {
            shipped: shipped::policies(),
            folder: Some(policies),
            places: places
                .iter()
                .map(|table| self.table_path(home, table))
                .collect(),
            feeds: feeds
                .iter()
                .map(|(name, table)| NamedFile {
                    name: name.clone(),
                    path: self.table_path(home, table),
                })
                .collect(),
            origins: origins.collect(),
        })
    }

    /// Where a table is: a file from the configuration's folder on, or where the file of an address is kept.
    fn table_path(&self, home: &Home, table: &str) -> PathBuf {
        match fetched(table) {
            Some(address) => home.table_path(&address),
            None => self.folder().join(table),
        }
    }

    /// Opens the installation.
    pub(crate) async fn open(&self, home: &Home) -> anyhow::Result<Services> {
        let environment = Environment::read()?;
        let installation = Installation {
            lake: self.lake_location(&environment, home)?,
            ledger_url: self.ledger_url(&environment, home),
            key: home.key(environment.key.as_ref())?,
            holder: holder(),
            proxy: self.proxy()?,
            declared_in: self.file().map(|file| file.display().to_string()),
            knowledge: self.knowledge(home)?,
        };
        let services = Services::open(installation, Arc::new(SystemClock)).await?;
        Ok(services.with_declared_retention(self.lake.retention_days))
    }

    /// The sources that the file declares, with their tokens.
    pub(crate) fn declared_sources(&self) -> anyhow::Result<Vec<AddSource>> {
        self.sources
            .iter()
            .map(|section| {
                section.to_source(self.folder()).with_context(|| {
                    format!("reading source `{}` of the configuration", section.name)
                })
            })
            .collect()
    }
}

impl SourceSection {
    fn to_source(&self, folder: &Path) -> anyhow::Result<AddSource> {
        let token = match (&self.token_file, &self.token_env) {
            (Some(_), Some(_)) => bail!("give `token_file` or `token_env`, not both"),
            (Some(file), None) => Some(read_secret_file(&folder.join(file))?),
            (None, Some(name)) => Some(environment::secret(name)?.with_context(|| {
                format!("the environment variable `{name}`, named by `token_env`, is not set")
            })?),
            (None, None) => None,
        };
        Ok(AddSource {
            name: self.name.clone(),
            workspace_gid: self.workspace.clone(),
            token,
            profile: SourceProfile {
                workspace_gid: None,
                api_url: self
                    .api_url
                    .clone()
                    .unwrap_or_else(|| SourceProfile::API_URL.to_owned()),
                description: self.description.clone(),
                category: self.category.clone(),
                fields: self.fields.clone(),
                collect: self.collect.clone(),
            },
            declared: true,
        })
    }
}

/// The address of a table that is fetched; `None` for a file.
fn fetched(table: &str) -> Option<Url> {
    let address = Url::parse(table).ok()?;
    matches!(address.scheme(), "http" | "https").then_some(address)
}

/// Reads a small file; `-` is standard input.
pub(crate) fn read_small_file(path: &Path) -> anyhow::Result<String> {
    let context = || format!("reading `{}`", path.display());
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .take(SMALL_FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
    } else {
        fs::File::open(path)
            .with_context(context)?
            .take(SMALL_FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
    };
    read.with_context(context)?;
    if text.len() as u64 > SMALL_FILE_BYTES_MAX {
        bail!(
            "`{}` has over {SMALL_FILE_BYTES_MAX} bytes; this can't be the right file",
            path.display()
        );
    }
    Ok(text)
}

/// Reads a token from a file; `-` is standard input.
pub(crate) fn read_secret_file(path: &Path) -> anyhow::Result<Secret> {
    let secret = Secret::new(read_small_file(path)?);
    if secret.is_empty() {
        bail!("the token file `{}` is empty", path.display());
    }
    Ok(secret)
}

/// Names this process to others on the same ledger.
fn holder() -> String {
    let host = gethostname::gethostname();
    drishti_services::holder_name(&host.to_string_lossy())
}
