//! What the environment says.

use std::ffi::OsString;

use anyhow::anyhow;
use drishti_model::Secret;

/// The sealing key, instead of the file.
pub(crate) const KEY: &str = "DRISHTI_KEY";

/// The ledger's address.
pub(crate) const LEDGER_URL: &str = "DRISHTI_LEDGER_URL";

/// The lake's folder or address.
pub(crate) const LAKE: &str = "DRISHTI_LAKE";

/// The certificate of the server, instead of the file's.
pub(crate) const TLS_CERTIFICATE: &str = "DRISHTI_TLS_CERTIFICATE";

/// Its key.
pub(crate) const TLS_KEY: &str = "DRISHTI_TLS_KEY";

/// Where browsers find the server.
pub(crate) const PUBLIC_URL: &str = "DRISHTI_PUBLIC_URL";

/// What the installation shows the provider that people sign in with.
pub(crate) const CLIENT_SECRET: &str = "DRISHTI_OPENID_CLIENT_SECRET";

/// The usual names of a proxy for https, in the order in which they are looked for.
pub(crate) const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The usual names of the hosts that need no proxy.
pub(crate) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// How the variables of the object stores begin, such as `AWS_ACCESS_KEY_ID`.
pub(crate) const OBJECT_STORES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// The variables that the configuration is made of, besides the options of the command line. What is empty is as good as absent.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) key: Option<Secret>,
    pub(super) ledger_url: Option<Secret>,
    pub(super) lake: Option<String>,
    pub(super) proxy: Option<Secret>,
    pub(super) no_proxy: String,
    /// Settings of the object stores, by their lower-case names.
    pub(super) object_store: Vec<(String, String)>,
}

impl Environment {
    /// Reads it. Only variables that are asked for by name have to be UTF-8.
    pub(super) fn read() -> anyhow::Result<Self> {
        let lake = secret(LAKE)?.map(|text| text.expose().to_owned());
        let no_proxy = first(&NO_PROXY)?;
        Ok(Self {
            key: secret(KEY)?,
            ledger_url: secret(LEDGER_URL)?,
            lake,
            proxy: first(&PROXY)?,
            no_proxy: no_proxy.map_or_else(String::new, |text| text.expose().to_owned()),
            object_store: object_store_settings(std::env::vars_os()),
        })
    }
}

/// The settings of object stores among `variables`. Those that are no text are nobody's settings.
fn object_store_settings(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<(String, String)> {
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            OBJECT_STORES
                .iter()
                .any(|beginning| name.starts_with(beginning))
        })
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect()
}

fn first(names: &[&str]) -> anyhow::Result<Option<Secret>> {
    names
        .iter()
        .find_map(|name| secret(name).transpose())
        .transpose()
}

/// A variable that may hold a secret; `None` where it is absent or empty.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the configuration loader"
)]
pub(super) fn secret(name: &str) -> anyhow::Result<Option<Secret>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(Secret::new(text)).filter(|secret| !secret.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // The error's own words hold the value.
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(anyhow!("the environment variable `{name}` is not UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn variables_that_are_no_text_are_passed_over() {
        let raw = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let variables = [
            (raw(b"AWS_REGION"), raw(b"eu-central-1")),
            (raw(b"LS_COLORS"), raw(b"\xff\xfe")),
            (raw(b"AWS_\xff"), raw(b"x")),
            (raw(b"AWS_SESSION_TOKEN"), raw(b"\xff")),
            (raw(b"PATH"), raw(b"/bin")),
            (raw(b"GOOGLE_BUCKET"), raw(b"b")),
        ];
        let settings = object_store_settings(variables.into_iter());
        let expected = [("aws_region", "eu-central-1"), ("google_bucket", "b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(settings, expected);
    }
}
