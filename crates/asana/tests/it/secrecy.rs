use std::error::Error;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex};

use drishti_asana::{AsanaError, Client};
use drishti_model::Secret;
use url::Url;

use crate::client::EMPTY;
use crate::server::{Reply, Server, TOKEN, ok, status};

/// Everything that an error can say of itself.
fn told(error: &AsanaError) -> String {
    let mut told = format!(
        "{error} {error:?} {error:#?} {} {}",
        error.words(),
        error.advice()
    );
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(told, " {error} {error:?} {error:#?}").unwrap();
        cause = error.source();
    }
    told
}

#[tokio::test]
async fn the_token_is_in_no_error_even_if_the_server_says_it() {
    let echo = format!(
        r#"{{"errors":[{{"message":"offset: bad header Bearer {TOKEN}!"}}],"data":"{TOKEN}"}}"#
    );
    for status in [200, 302, 400, 401, 402, 403, 404, 429, 451, 418, 500] {
        let reply = Reply::Whole(status, Vec::new(), echo.clone().into_bytes())
            .with("location", format!("http://127.0.0.1:1/{TOKEN}"))
            .with("retry-after", TOKEN);
        let server = Server::scripted([reply]).await;
        let error = server.client().0.workspaces().await.unwrap_err();
        assert!(!told(&error).contains(TOKEN), "{}", told(&error));
        if status > 302 {
            assert_eq!(error.words(), "offset: bad header Bearer [redacted]!");
        }
    }
}

#[tokio::test]
async fn the_token_is_in_no_error_of_the_connection() {
    for reply in [Reply::HangUp, Reply::Cut(TOKEN), ok(TOKEN)] {
        let server = Server::scripted([reply]).await;
        let error = server.client().0.me().await.unwrap_err();
        assert!(!told(&error).contains(TOKEN), "{}", told(&error));
        assert!(!told(&error).contains("/users/me"), "{}", told(&error));
    }
    let server = Server::scripted([ok("")]).await;
    let (client, _) = server.client_to(Url::parse("http://127.0.0.1:1/").unwrap());
    let error = client.me().await.unwrap_err();
    assert!(matches!(error, AsanaError::Connection { .. }), "{error}");
    assert!(!told(&error).contains(TOKEN), "{}", told(&error));
}

#[tokio::test]
async fn the_client_does_not_print_its_token() {
    let server = Server::scripted([ok("")]).await;
    let printed = format!("{:?} {:#?}", server.options(), server.client().0);
    assert!(printed.contains("[redacted]"));
    assert!(!printed.contains(TOKEN), "{printed}");
}

#[tokio::test]
async fn a_token_that_can_not_be_sent_is_refused_and_not_shown() {
    let server = Server::scripted([ok("")]).await;
    for token in [
        "",
        " \n",
        "half\r\nx-injected: 1",
        "mid dle",
        "schlüssel",
        "a\0b",
    ] {
        let mut options = server.options();
        options.token = Secret::new(token);
        let error = Client::new(options).unwrap_err();
        assert!(matches!(error, AsanaError::TokenUnusable));
        assert!(token.trim().is_empty() || !told(&error).contains(token.trim()));
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_token_is_in_no_log_however_much_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let replies = [
        status(503, TOKEN),
        status(429, TOKEN),
        Reply::HangUp,
        ok(TOKEN),
        ok(EMPTY),
    ];
    let server = Server::scripted(replies).await;
    server.client().0.workspaces().await.unwrap();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(logged.matches("asking asana again").count(), 4, "{logged}");
    assert!(!logged.contains(TOKEN), "{logged}");
}
