//! https and the provider to sign in with, as `drishti.toml` and the environment set them up.

use std::net::SocketAddr;

use reqwest::{Certificate, Client};

use crate::harness::{Installation, Server, eventually, met};

/// Makes a certificate that ends in this year, and its key, beside the configuration.
fn write_certificate(installation: &Installation, year: i32) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let certificate = params.self_signed(&key).unwrap().pem();
    installation.write("certificate.pem", &certificate);
    installation.write("key.pem", key.serialize_pem());
    certificate
}

/// What the doctor finds of one thing: whether it is good, and in which words.
async fn finding(installation: &Installation, file: &str, check: &str) -> Option<(bool, String)> {
    let examined = installation
        .run(&["doctor", "--offline", "--format", "json", "--config", file])
        .await;
    let findings = examined.json();
    let mut findings = findings.as_array().unwrap().iter();
    let found = findings.find(|finding| finding["check"] == check)?;
    let words = found["found"].as_str().unwrap().to_owned();
    Some((found["ok"].as_bool().unwrap(), words))
}

#[tokio::test]
async fn the_server_speaks_https_with_the_files_of_the_configuration() {
    let installation = Installation::new();
    let certificate = write_certificate(&installation, 2100);
    let file = installation.write(
        "https.toml",
        "[server]\ntls = { certificate = \"certificate.pem\", key = \"key.pem\" }\n",
    );
    let serve = ["serve", "--listen", "127.0.0.1:0", "--config", &file];
    let mut process = installation.spawn(&serve);
    let address = process.line("listening on https://").await;
    let address: SocketAddr = address.parse().unwrap();
    let client = Client::builder()
        .no_proxy()
        .add_root_certificate(Certificate::from_pem(certificate.as_bytes()).unwrap())
        .resolve("localhost", address)
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/readyz", address.port());
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    // Other servers of this machine speak plain http under the same name.
    assert!(!answer.headers().contains_key("strict-transport-security"));
    let (is_good, words) = finding(&installation, &file, "tls").await.unwrap();
    assert!(is_good && words.contains("2100-01-01"), "{words}");
    assert!(process.stop("TERM").await.success());

    write_certificate(&installation, 2001);
    let (is_good, words) = finding(&installation, &file, "tls").await.unwrap();
    assert!(
        !is_good && words.contains("expired at 2001-01-01"),
        "{words}"
    );
    // Collecting does not end with the certificate.
    let mut process = installation.spawn(&serve);
    process.line("listening on https://").await;
    assert!(process.stop("TERM").await.success());

    let another = rcgen::KeyPair::generate().unwrap();
    installation.write("key.pem", another.serialize_pem());
    let (is_good, words) = finding(&installation, &file, "tls").await.unwrap();
    assert!(
        !is_good && words.contains("does not belong to the certificate"),
        "{words}"
    );
    let refused = installation.run(&serve).await.bad();
    assert!(
        refused.contains("does not belong to the certificate"),
        "{refused}"
    );
    let half = installation.with_environment("DRISHTI_TLS_KEY", "key.pem");
    let refused = half.run(&["serve", "--listen", "127.0.0.1:0"]).await.bad();
    assert!(refused.contains("DRISHTI_TLS_CERTIFICATE"), "{refused}");
}

#[tokio::test]
async fn a_provider_is_set_up_by_the_configuration() {
    const PROVIDER: &str = "[server.openid]\nissuer = \"https://login.example.com\"\nclient_id = \"drishti\"\ndefault_role = \"viewer\"\n";
    let installation = Installation::new();
    let server = Server::start(&installation).await;
    server.stop().await;
    let public = "[server]\npublic_url = \"https://drishti.example.com\"\n";
    for (text, words) in [
        (PROVIDER.to_owned(), "it needs `public_url`"),
        (
            format!("[server]\npublic_url = \"http://drishti.example.com\"\n{PROVIDER}"),
            "must begin with https://",
        ),
        (
            format!("[server]\npublic_url = \"https://drishti.example.com/app\"\n{PROVIDER}"),
            "without a path",
        ),
        (
            format!(
                "{public}{}",
                PROVIDER.replace("https://login", "http://login")
            ),
            "`issuer`: it must begin with https://",
        ),
        (
            format!("{public}{PROVIDER}roles = {{ soc = \"boss\" }}\n"),
            "a role (viewer, analyst",
        ),
        (
            format!("{public}{PROVIDER}client_secret_file = \"nowhere\"\n"),
            "nowhere",
        ),
        (
            format!(
                "{public}{}add_operators = true\n",
                PROVIDER.replace("default_role = \"viewer\"\n", "")
            ),
            "whoever is added needs a role",
        ),
    ] {
        let file = installation.write("wrong.toml", &text);
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", &file];
        let refused = installation.run(&arguments).await.bad();
        assert!(refused.contains(words), "{text}: {refused}");
    }
    let roles =
        "roles = { soc = \"analyst\", acme = { role = \"admin\", sources = [\"acme\"] } }\n";
    let file = installation.write("right.toml", format!("{public}{PROVIDER}{roles}"));
    let found = finding(&installation, &file, "openid connect").await;
    assert_eq!(found, Some((true, "set up; not asked".to_owned())));
}

#[tokio::test]
async fn a_server_in_the_clear_says_so() {
    let installation = Installation::new();
    let file = installation.write("open.toml", "listen = \"0.0.0.0:0\"\n");
    let mut process = installation.spawn(&["serve", "--config", &file]);
    process.line("listening on http://").await;
    eventually("the warning", async || {
        met(process.stderr.text(), |log| {
            log.contains("WARNING") && log.contains("in the clear")
        })
    })
    .await;
    assert!(process.stop("TERM").await.success());
    let (is_good, words) = finding(&installation, &file, "tls").await.unwrap();
    assert!(
        !is_good && words.contains("nothing is encrypted"),
        "{words}"
    );
    let file = installation.write(
        "behind.toml",
        "listen = \"0.0.0.0:0\"\nserver.behind_proxy = true\n",
    );
    assert_eq!(finding(&installation, &file, "tls").await, None);
}
