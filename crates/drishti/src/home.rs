//! The folder of an installation.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drishti_model::Secret;
use drishti_services::SealingKey;
use drishti_services::access::random_password;
use rand::rand_core::TryRng;

use crate::cli::{Cli, DEMO_HOME, HOME};
use crate::output;
use url::Url;

/// Bytes of a bearer token of the API.
const TOKEN_BYTES: usize = 32;

/// Where everything of one installation lies.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

/// Held while a server works in the home folder.
pub(crate) struct Occupied(
    #[expect(dead_code, reason = "the lock lives as long as the file")] File,
);

impl Home {
    /// The folder at `path`, whether it is there or not.
    pub(crate) fn at(path: &Path) -> anyhow::Result<Self> {
        std::path::absolute(path)
            .map(Self)
            .with_context(|| format!("finding the home folder `{}`", path.display()))
    }

    /// The folder that the command line means, for commands that need an installation: where none is named and the usual folder
    /// has none, a demo's is as good.
    pub(crate) fn meant(cli: &Cli) -> anyhow::Result<Self> {
        let home = Self::at(cli.home())?;
        if cli.home.is_none() && cli.config.is_none() && !home.is_installation() {
            let demo = Self::at(Path::new(DEMO_HOME))?;
            if demo.is_installation() {
                output::say(&format!(
                    "there is no `{HOME}` here; this is about the demo in `{DEMO_HOME}`"
                ));
                return Ok(demo);
            }
        }
        Ok(home)
    }

    /// The folder at `path`, made if it is not there.
    pub(crate) fn ready(path: &Path) -> anyhow::Result<Self> {
        let home = Self::at(path)?;
        home.make()?;
        Ok(home)
    }

    /// Makes the folder if it is not there.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(&self.0)
            .with_context(|| format!("creating the home folder `{}`", self.0.display()))
    }

    /// Whether something of an installation is in the folder. A folder that only happens to be there must not become one.
    fn is_installation(&self) -> bool {
        self.ledger_path().exists() || self.configuration_path().exists()
    }

    /// Refuses a folder without an installation.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.is_installation() {
            return Ok(());
        }
        if self.lake_path().join("_delta_log").is_dir() {
            bail!(
                "the ledger `{}` is not there, but the lake beside it is; put the ledger back from a backup, or begin a new one with \
                 `drishti sources add`: what the lake has is not stored twice",
                self.ledger_path().display()
            );
        }
        bail!(
            "there is no installation at `{}`; `drishti demo` or `drishti sources add` makes one, `--home` names another",
            self.0.display()
        )
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn key_path(&self) -> PathBuf {
        self.0.join("key")
    }

    pub(crate) fn api_token_path(&self) -> PathBuf {
        self.0.join("api-token")
    }

    /// Where the demo keeps the password to sign in with.
    pub(crate) fn login_path(&self) -> PathBuf {
        self.0.join("login")
    }

    pub(crate) fn configuration_path(&self) -> PathBuf {
        self.0.join("drishti.toml")
    }

    pub(crate) fn lake_path(&self) -> PathBuf {
        self.0.join("lake")
    }

    /// Where the file that is fetched from `address` is kept.
    pub(crate) fn table_path(&self, address: &Url) -> PathBuf {
        let name = |part: &str| -> String {
            part.chars()
                .map(|letter| {
                    if letter.is_ascii_alphanumeric() || letter == '.' {
                        letter
                    } else {
                        '-'
                    }
                })
                .collect()
        };
        let host = name(address.host_str().unwrap_or_default());
        // Some publishers tell their tables apart by the query alone. It may hold a licence key, which is no name for a file.
        let query = address
            .query()
            .map(|query| format!("-{:08x}", crc32fast::hash(query.as_bytes())));
        let query = query.unwrap_or_default();
        self.0
            .join("tables")
            .join(format!("{host}{}{query}", name(address.path())))
    }

    pub(crate) fn policies_path(&self) -> PathBuf {
        self.0.join("policies")
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }

    fn lock_path(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The sealing key: `from_environment` if given, else the key file, made with mode 0600 if there is none.
    pub(crate) fn key(&self, from_environment: Option<&Secret>) -> anyhow::Result<SealingKey> {
        if let Some(key) = from_environment {
            return SealingKey::from_base64(key).context("reading the key from DRISHTI_KEY");
        }
        let path = self.key_path();
        let text = read_or_make_secret(&path, || {
            let key = SealingKey::generate().context("making a sealing key")?;
            Ok(key.to_base64())
        })?;
        SealingKey::from_base64(&text)
            .with_context(|| format!("reading the sealing key from `{}`", path.display()))
    }

    /// The bearer token of the API, made with mode 0600 at the first start.
    pub(crate) fn api_token(&self) -> anyhow::Result<Secret> {
        let token = read_or_make_secret(&self.api_token_path(), || {
            let mut bytes = [0; TOKEN_BYTES];
            rand::rngs::SysRng
                .try_fill_bytes(&mut bytes)
                .context("drawing random bytes from the system")?;
            Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
        })?;
        if token.is_empty() {
            bail!(
                "the token file `{}` is empty; remove it to have a new token made",
                self.api_token_path().display()
            );
        }
        Ok(token)
    }

    /// The password of the demo's first operator, made with mode 0600 at its first start: what it protects is made up.
    pub(crate) fn login(&self) -> anyhow::Result<Secret> {
        read_or_make_secret(&self.login_path(), || Ok(random_password()?))
    }

    /// Takes the folder for a server, or says who has it.
    pub(crate) fn occupy(&self) -> anyhow::Result<Occupied> {
        let path = self.lock_path();
        let context = || format!("locking the home folder with `{}`", path.display());
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(context)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).with_context(context)?;
                file.rewind().with_context(context)?;
                writeln!(file, "{}", std::process::id()).with_context(context)?;
                Ok(Occupied(file))
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                file.read_to_string(&mut process).with_context(context)?;
                bail!(
                    "another drishti (process {}) already serves the folder `{}`; stop it, or use another `--home`",
                    process.trim(),
                    self.0.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(context),
        }
    }
}

/// Reads a secret from `path`; where there is no file, makes one that only its owner can read.
fn read_or_make_secret(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<Secret>,
) -> anyhow::Result<Secret> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map(|metadata| metadata.permissions().mode());
            if mode.is_ok_and(|mode| mode & 0o077 != 0) {
                tracing::warn!("others can read `{}`; set its mode to 0600", path.display());
            }
            Ok(Secret::new(text))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make_secret(path, &make()?),
        Err(error) => Err(error).with_context(|| format!("reading `{}`", path.display())),
    }
}

fn make_secret(path: &Path, secret: &Secret) -> anyhow::Result<Secret> {
    let partial = path.with_extension(format!("new-{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&partial)?;
        writeln!(file, "{}", secret.expose())?;
        file.sync_all()?;
        let linked = fs::hard_link(&partial, path);
        fs::remove_file(&partial)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    write().with_context(|| format!("writing `{}`", path.display()))?;
    // Another process may have been faster; its secret counts.
    fs::read_to_string(path)
        .map(Secret::new)
        .with_context(|| format!("reading `{}`", path.display()))
}
