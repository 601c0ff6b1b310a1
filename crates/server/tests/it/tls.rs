//! https by certificates that are made here, asked by a real client.

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_server::{Lifetime, TLS_FILE_BYTES_MAX, TlsError, TlsFiles};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use reqwest::{Certificate, Client, Method};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{API_TOKEN, App, PASSWORD};

const HOST: &str = "drishti.example.com";

/// Makes a certificate and its key, and tells the certificate.
fn write(files: &TlsFiles, change: impl FnOnce(&mut CertificateParams)) -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap().pem();
    fs::write(&files.certificate, &certificate).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    certificate
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    }
}

async fn with_tls() -> (App, TempDir, Client) {
    let folder = TempDir::new().unwrap();
    let files = files(folder.path());
    let certificate = write(&files, |_| {});
    let app = App::start_set_up(|options| {
        options.tls = Some(files);
        options.loopback_only_hosts = false;
    })
    .await;
    let client = Client::builder()
        .no_proxy()
        .add_root_certificate(Certificate::from_pem(certificate.as_bytes()).unwrap())
        .resolve(HOST, app.address)
        .build()
        .unwrap();
    (app, folder, client)
}

fn url(app: &App, path: &str) -> String {
    format!("https://{HOST}:{}{path}", app.address.port())
}

#[tokio::test]
async fn the_server_speaks_https() {
    let (app, _folder, client) = with_tls().await;
    app.add_operator(
        "mara",
        drishti_model::Role::Viewer,
        drishti_model::SourceScope::All,
    )
    .await;
    let request = client
        .get(url(&app, "/api/v1/sources"))
        .bearer_auth(API_TOKEN);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let credentials = json!({"name": "mara", "password": PASSWORD});
    let request = client.post(url(&app, "/api/v1/session")).json(&credentials);
    let answer = request.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-drishti_session="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let request = client
        .get(url(&app, "/api/v1/session"))
        .header("cookie", cookie);
    assert_eq!(request.send().await.unwrap().status(), 200);
    // Who does not know the certificate is not talked to.
    let stranger = Client::builder()
        .no_proxy()
        .resolve(HOST, app.address)
        .build()
        .unwrap();
    assert!(stranger.get(url(&app, "/healthz")).send().await.is_err());
    app.stop().await;
}

#[tokio::test]
async fn whoever_speaks_plain_http_is_told() {
    let (app, _folder, _) = with_tls().await;
    let answer = app.send(app.request(Method::GET, "/api/v1/sources")).await;
    assert_eq!(answer.problem(400), "tls_needed");
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream
        .write_all(b"\x16\x03\x01\x00\x05hello")
        .await
        .unwrap();
    let mut rest = Vec::new();
    // An alert of the protocol, and the end.
    drop(stream.read_to_end(&mut rest).await);
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    app.stop().await;
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let folder = TempDir::new().unwrap();
    let files = files(folder.path());
    let told = |files: &TlsFiles| files.load().unwrap_err();
    assert!(matches!(
        told(&files),
        TlsError::Read {
            what: "certificate",
            ..
        }
    ));
    write(&files, |_| {});
    files.load().unwrap();
    let another = TlsFiles {
        key: folder.path().join("another.pem"),
        ..files.clone()
    };
    assert!(matches!(told(&another), TlsError::Read { what: "key", .. }));
    fs::write(&another.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let error = told(&another);
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    let swapped = TlsFiles {
        certificate: files.key.clone(),
        key: files.certificate.clone(),
    };
    assert!(matches!(
        told(&swapped),
        TlsError::Pem {
            what: "certificate",
            ..
        }
    ));
    for key in ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA"] {
        fs::write(&another.key, key).unwrap();
        assert!(
            matches!(
                told(&another),
                TlsError::Pem {
                    what: "private key",
                    ..
                }
            ),
            "{key}"
        );
    }
    let size = usize::try_from(TLS_FILE_BYTES_MAX).unwrap() + 1;
    fs::write(&another.key, "x".repeat(size)).unwrap();
    assert!(matches!(told(&another), TlsError::TooLarge { .. }));
    fs::write(
        &another.key,
        "-----BEGIN PRIVATE KEY-----\nMDAw\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    assert!(matches!(told(&another), TlsError::Unusable { .. }));
}

#[test]
fn the_end_of_a_certificate_is_known() {
    let folder = TempDir::new().unwrap();
    let files = files(folder.path());
    let end: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().unwrap();
    for is_authority in [false, true] {
        write(&files, |params| {
            params.not_after = date_time_ymd(2026, 6, 1);
            if is_authority {
                params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }
        });
        let certificate = files.load().unwrap();
        assert_eq!(certificate.expires_at, Some(end), "{is_authority}");
        for (days, lifetime) in [
            (22, Lifetime::Long),
            (21, Lifetime::Short(end)),
            (1, Lifetime::Short(end)),
            (0, Lifetime::Over(end)),
            (-1, Lifetime::Over(end)),
        ] {
            let now = end - TimeDelta::days(days);
            assert_eq!(certificate.lifetime(now), lifetime, "{days}");
        }
    }
    write(&files, |params| {
        params.not_after = date_time_ymd(9999, 12, 31);
    });
    files.load().unwrap();
}
