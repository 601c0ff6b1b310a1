//! Files of places and lists of addresses: which there are, how they stand, and fetching them, so that they lie on the owner's own disk.

mod overview;
mod unpack;
mod update;

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use drishti_detect::enrich::PLACES_BYTES_MAX;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use url::{Host, Url};

use crate::{ServiceError, Services};

pub use overview::{TableKind, TableView, TablesView};
pub use update::{FetchedTable, TableOutcome, TablesUpdate, update_table};

/// Longest time for one file.
const FETCH_TIMEOUT: Duration = Duration::from_mins(10);

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// What an address may end in so that only a file with this checksum is taken.
const CHECKSUM: &str = "sha256=";

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// From where, without user, password and query, which may be a licence key.
    pub from: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal digits.
    pub sha256: String,
}

/// Fetches `address` into `path`, whole or not at all: what was there stays until all of the new file is durable. An address that
/// ends in `#sha256=…` only gives a file with this checksum; any other end is refused, because nobody would check it.
pub async fn fetch(address: &Url, path: &Path) -> Result<Fetched, ServiceError> {
    fetch_checked(address, path, |body| async move { Ok(body) }).await
}

/// The same, where `check` has the last word on what takes the place of what was there.
async fn fetch_checked<Checked>(
    address: &Url,
    path: &Path,
    check: impl FnOnce(Vec<u8>) -> Checked,
) -> Result<Fetched, ServiceError>
where
    Checked: Future<Output = Result<Vec<u8>, String>>,
{
    let from = shown(address);
    let failed = |problem: String| ServiceError::Fetch {
        from: from.clone(),
        problem,
    };
    let expected = expected_checksum(address).map_err(failed)?;
    let mut plain = address.clone();
    plain.set_fragment(None);
    let client = reqwest::Client::builder()
        .user_agent(Services::USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(FETCH_TIMEOUT);
    let client = if is_local(&plain) {
        client.no_proxy()
    } else {
        client
    };
    let request = client.build().map(|client| client.get(plain));
    let answer = match request {
        Ok(request) => request.send().await,
        Err(error) => Err(error),
    };
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let mut answer = answer.map_err(|error| failed(told(error)))?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(told(error)))? {
        if body.len() + chunk.len() > PLACES_BYTES_MAX {
            return Err(failed(format!("it has more than {PLACES_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    let sha256 = hexadecimal(&Sha256::digest(&body));
    if let Some(expected) = expected
        && !expected.eq_ignore_ascii_case(&sha256)
    {
        return Err(failed(format!(
            "its checksum is {sha256}, not {expected}; what was there before is kept"
        )));
    }
    let kept = |problem| failed(format!("{problem}; what was there before is kept"));
    let body = check(body).await.map_err(kept)?;
    let written = replace(path, &body).await;
    written.map_err(|error| failed(format!("writing `{}`: {error}", path.display())))?;
    Ok(Fetched {
        from,
        bytes: body.len() as u64,
        sha256,
    })
}

/// The checksum that an address asks for.
fn expected_checksum(address: &Url) -> Result<Option<&str>, String> {
    let Some(fragment) = address.fragment() else {
        return Ok(None);
    };
    let checksum = fragment
        .split_at_checked(CHECKSUM.len())
        .filter(|(name, _)| name.eq_ignore_ascii_case(CHECKSUM))
        .map(|(_, checksum)| checksum);
    let is_sha256 =
        |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let checksum = checksum.filter(is_sha256);
    checksum.map(Some).ok_or_else(|| {
        format!("its address ends in `#{fragment}`; only `#{CHECKSUM}` with 64 hexadecimal digits is understood there")
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a file beside its place, makes it durable, and puts it there.
async fn replace(path: &Path, body: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).await?;
    }
    // Another process may fetch the same at the same time.
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = fs::File::create(&beside).await?;
    file.write_all(body).await?;
    file.sync_all().await?;
    fs::rename(&beside, path).await
}

/// Whether `address` is on this machine, which no proxy reaches.
pub(crate) fn is_local(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The address without what may be secret.
fn shown(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    let port = address
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}{}", address.scheme(), address.path())
}

/// Why it failed, without the address.
fn told(error: reqwest::Error) -> String {
    crate::words::chain(&error.without_url())
}

#[cfg(test)]
pub(crate) mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every request with `answer`.
    pub(crate) async fn server(answer: &'static str) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                if stream.read(&mut request).await.is_ok() {
                    let sent = stream.write_all(answer.as_bytes()).await;
                    drop(sent);
                }
            }
        });
        Url::parse(&format!("http://{address}/list.txt?key=hidden")).unwrap()
    }

    #[tokio::test]
    async fn a_file_takes_the_place_of_the_old_one_only_whole_and_as_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tables/list");
        let good = server("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n192.0.2.").await;
        let fetched = fetch(&good, &path).await.unwrap();
        assert_eq!(fetched.bytes, 8);
        assert!(!fetched.from.contains("hidden"), "{}", fetched.from);
        let mut pinned = good.clone();
        pinned.set_fragment(Some(&format!("sha256={}", fetched.sha256)));
        fetch(&pinned, &path).await.unwrap();

        pinned.set_fragment(Some(&format!("SHA256={}", "00".repeat(32))));
        let mut misspelt = good.clone();
        misspelt.set_fragment(Some("sha-256=00"));
        let cut = server("HTTP/1.1 200 OK\r\ncontent-length: 80\r\n\r\nshort").await;
        let gone = server("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        for (address, words) in [
            (pinned, "its checksum is"),
            (misspelt, "only `#sha256=`"),
            (cut, ""),
            (gone, "404"),
        ] {
            let error = fetch(&address, &path).await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert!(!error.contains("hidden"), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), b"192.0.2.");
        }
    }
}
