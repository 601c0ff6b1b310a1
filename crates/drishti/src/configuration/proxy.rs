//! The address of a proxy.

use anyhow::{Context, bail};
use drishti_model::Secret;
use drishti_services::Proxy;
use url::Url;

/// Reads `http://HOST:PORT` or `https://HOST:PORT`, with or without a user and a password; `HOST:PORT` alone means http.
/// `except` is as in `NO_PROXY`. The errors hold nothing of the address, and so no password.
pub(super) fn read(address: &Secret, except: String) -> anyhow::Result<Proxy> {
    let text = match address.expose() {
        whole if whole.contains("://") => whole.to_owned(),
        short => format!("http://{short}"),
    };
    let Ok(url) = Url::parse(&text) else {
        bail!("it is no address; expected http://HOST:PORT");
    };
    if !matches!(url.scheme(), "http" | "https") {
        bail!("its scheme is `{}`; expected http or https", url.scheme());
    }
    url.host().context("it names no host")?;
    Ok(Proxy {
        address: Secret::new(text),
        except,
    })
}

/// The proxy without user and password, for people.
pub(crate) fn shown(proxy: &Proxy) -> String {
    let url = Url::parse(proxy.address.expose());
    let host = url.as_ref().ok().and_then(Url::host_str);
    let port = url.as_ref().ok().and_then(Url::port_or_known_default);
    format!(
        "{}:{}",
        host.unwrap_or_default(),
        port.map(|port| port.to_string()).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_without_their_password() {
        let read = |address: &str| {
            read(&Secret::new(address), String::new())
                .map(|proxy| shown(&proxy))
                .map_err(|error| format!("{error:#}"))
        };
        for (address, expected) in [
            ("http://proxy.example.com:3128", "proxy.example.com:3128"),
            ("proxy.example.com:3128", "proxy.example.com:3128"),
            (
                "https://user:hunter2@proxy.example.com",
                "proxy.example.com:443",
            ),
            ("http://[::1]:8080/", "[::1]:8080"),
        ] {
            assert_eq!(read(address).as_deref(), Ok(expected), "{address}");
        }
        for address in [
            "socks5://user:hunter2@proxy:1080",
            "http://user:hunter2@proxy:port",
            "://hunter2",
            "http://",
        ] {
            let refused = read(address).unwrap_err();
            assert!(
                refused.contains("expected http") || refused.contains("no host"),
                "{refused}"
            );
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
