//! `drishti.toml` and the environment.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile, SystemClock};
use drishti_services::sources::AddSource;
use drishti_services::{Installation, LakeLocation, Services};
use serde::Deserialize;

use crate::cli::Cli;
use crate::home::Home;

/// Where the API listens unless told otherwise.
pub(crate) const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8780);

/// Most bytes of a token file or a Sumo Logic document.
const SMALL_FILE_BYTES_MAX: u64 = 1 << 20;

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Configuration {
    /// Where the API listens.
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) lake: LakeSection,
    pub(crate) ledger: LedgerSection,
    pub(crate) sources: Vec<SourceSection>,
    /// Folder that relative paths in the file are meant from.
    #[serde(skip)]
    folder: PathBuf,
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

/// One of `[[sources]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceSection {
    name: SourceName,
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
            Err(error) if error.kind() == ErrorKind::NotFound && !is_named => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("reading `{}`", path.display()));
            }
        };
        let mut configuration: Self =
            toml::from_str(&text).with_context(|| format!("reading `{}`", path.display()))?;
        configuration.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(configuration)
    }

    /// Opens the installation.
    pub(crate) async fn open(&self, home: &Home) -> anyhow::Result<Services> {
        let environment = Environment::read();
        let ledger_url = environment
            .ledger_url
            .or_else(|| self.ledger.url.clone())
            .map_or_else(
                || format!("sqlite://{}", home.ledger_path().display()),
                |url| url.expose().to_owned(),
            );
        let lake = match environment.lake.as_ref().or(self.lake.location.as_ref()) {
            Some(location) => {
                let options = self
                    .lake
                    .options
                    .iter()
                    .map(|(key, value)| (key.clone(), value.expose().to_owned()))
                    .chain(environment.object_store)
                    .collect();
                let location = if location.contains("://") {
                    location.clone()
                } else {
                    self.folder.join(location).display().to_string()
                };
                LakeLocation::parse(&location, options)
            }
            None => LakeLocation::folder(&home.lake_path()),
        };
        let installation = Installation {
            lake: lake?,
            ledger_url,
            key: home.key(environment.key.as_ref())?,
            holder: holder(),
        };
        Ok(Services::open(installation, Arc::new(SystemClock)).await?)
    }

    /// The sources that the file declares, with their tokens.
    pub(crate) fn declared_sources(&self) -> anyhow::Result<Vec<AddSource>> {
        self.sources
            .iter()
            .map(|section| {
                section.to_source(&self.folder).with_context(|| {
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
            (None, Some(name)) => Some(environment_secret(name).with_context(|| {
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

/// What the environment says.
#[derive(Default)]
struct Environment {
    key: Option<Secret>,
    ledger_url: Option<Secret>,
    lake: Option<String>,
    /// The usual variables of the object stores, such as `AWS_ACCESS_KEY_ID`.
    object_store: Vec<(String, String)>,
}

impl Environment {
    fn read() -> Self {
        Self {
            key: environment_secret("DRISHTI_KEY"),
            ledger_url: environment_secret("DRISHTI_LEDGER_URL"),
            lake: environment_secret("DRISHTI_LAKE").map(|text| text.expose().to_owned()),
            object_store: std::env::vars()
                .filter(|(name, _)| {
                    ["AWS_", "AZURE_", "GOOGLE_"]
                        .iter()
                        .any(|prefix| name.starts_with(prefix))
                })
                .map(|(name, value)| (name.to_lowercase(), value))
                .collect(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the configuration loader"
)]
fn environment_secret(name: &str) -> Option<Secret> {
    std::env::var(name)
        .ok()
        .map(Secret::new)
        .filter(|secret| !secret.is_empty())
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
    format!("{}:{}", host.to_string_lossy(), std::process::id())
}
