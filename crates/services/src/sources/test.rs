//! Testing a connection: what a token may do, each capability apart.

use std::sync::Arc;
use std::time::Duration;

use drishti_asana::{
    AsanaError, AuditLogRequest, Client, ClientOptions, Proxy, Timer, TokenLimits, TokioTimer,
};
use drishti_model::{Secret, SourceName, canonical_time};
use futures::StreamExt;
use futures::future::BoxFuture;
use serde::Serialize;
use url::Url;

use super::bounds::check_gid;
use crate::words::chain;
use crate::{ServiceError, Services};

/// Longest time that the test of one capability takes.
pub const TEST_TIME_MAX: Duration = Duration::from_secs(20);

/// Pause before something is tried again. Whoever tests a connection waits for the answer.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The status of a success.
const OK: u16 = 200;
/// The status of "this much is not yours", which leaves other things possible.
const FORBIDDEN: u16 = 403;

/// What a connection can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionTest {
    /// Whether all capabilities are there.
    pub ok: bool,
    /// `token`, `workspace`, `audit_log` and `users`, in this order.
    pub capabilities: Vec<Capability>,
}

/// One thing that collecting needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// A stable name.
    pub name: &'static str,
    /// Whether it is there.
    pub ok: bool,
    /// Asana's HTTP status, where it answered.
    pub status: Option<u16>,
    /// What was found, or what Asana said.
    pub words: String,
    /// What to do; empty where nothing needs doing.
    pub advice: String,
}

impl Services {
    /// Tests the connection of a source with its own token.
    pub async fn test_source(&self, name: &SourceName) -> Result<ConnectionTest, ServiceError> {
        let source = self.present(name).await?;
        let token = self.ledger.token(name).await?;
        let token = token.ok_or_else(|| ServiceError::Incomplete {
            name: name.clone(),
            missing: "it has no token",
        })?;
        let workspace = source.profile.workspace_gid.as_deref();
        Ok(self
            .test_connection(&source.profile.api_url, &token, workspace)
            .await)
    }

    /// Tests what a token may do: whether Asana accepts it, and whether it may read the workspace, its audit log and its users.
    /// Without a workspace the first one is taken that the token sees.
    pub async fn test_connection(
        &self,
        api_url: &str,
        token: &Secret,
        workspace_gid: Option<&str>,
    ) -> ConnectionTest {
        let capabilities = match client(api_url, token, self.proxy.as_ref()) {
            Ok(client) => test(&client, workspace_gid).await,
            Err(error) => {
                let token = Capability {
                    name: "token",
                    ok: false,
                    status: None,
                    words: chain(&error),
                    advice: error.advice(),
                };
                let rest = ["workspace", "audit_log", "users"];
                let rest = rest.map(|name| not_tried(name, "the token could not be sent"));
                [token].into_iter().chain(rest).collect()
            }
        };
        ConnectionTest {
            ok: capabilities.iter().all(|capability| capability.ok),
            capabilities,
        }
    }
}

/// A client for a few requests on behalf of somebody who waits.
pub(super) fn client(
    api_url: &str,
    token: &Secret,
    proxy: Option<&Proxy>,
) -> Result<Client, ServiceError> {
    let base_url = Url::parse(api_url).map_err(|problem| ServiceError::Setting {
        field: "api_url",
        problem: format!("{problem}; Asana's is https://app.asana.com/api/1.0"),
    })?;
    let options = ClientOptions {
        base_url,
        token: token.clone(),
        concurrent_reads: 1,
        requests_per_minute: 0,
        user_agent: Services::USER_AGENT.to_owned(),
        // Of its own: who waits shall not wait for the thousand requests of a backfill.
        token_limits: TokenLimits::default(),
        proxy: proxy.cloned(),
    };
    let timer = Arc::new(Impatient(TokioTimer::default()));
    Ok(Client::with_timer(options, timer)?)
}

/// Waits no longer than [`RETRY_PAUSE`] at a time. A `Retry-After` of Asana is kept all the same: the client goes on waiting until
/// it has passed.
#[derive(Debug)]
struct Impatient(TokioTimer);

impl Timer for Impatient {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration.min(RETRY_PAUSE))
    }
}

async fn test(client: &Client, workspace_gid: Option<&str>) -> Vec<Capability> {
    let token = attempt("token", token_owner(client)).await;
    if !token.ok {
        let rest = ["workspace", "audit_log", "users"];
        let rest = rest.map(|name| not_tried(name, "the token does not work"));
        return [token].into_iter().chain(rest).collect();
    }
    let (workspace, gid) = match workspace_gid {
        Some(gid) => {
            let workspace = attempt("workspace", workspace_name(client, gid)).await;
            let go_on = workspace.ok || workspace.status == Some(FORBIDDEN);
            (workspace, go_on.then(|| gid.to_owned()))
        }
        None => first_workspace(client).await,
    };
    let Some(gid) = gid else {
        let rest = ["audit_log", "users"];
        let rest = rest.map(|name| not_tried(name, "the workspace can't be read"));
        return [token, workspace].into_iter().chain(rest).collect();
    };
    let audit_log = attempt("audit_log", oldest_event(client, &gid)).await;
    let users = attempt("users", first_users(client, &gid)).await;
    vec![token, workspace, audit_log, users]
}

/// Tests one capability. What it finds is put into words.
async fn attempt(
    name: &'static str,
    found: impl Future<Output = Result<String, ServiceError>>,
) -> Capability {
    match tokio::time::timeout(TEST_TIME_MAX, found).await {
        Ok(Ok(words)) => Capability {
            name,
            ok: true,
            status: Some(OK),
            words: one_line(&words),
            advice: String::new(),
        },
        Ok(Err(error)) => refused(name, &error),
        Err(_) => Capability {
            name,
            ok: false,
            status: None,
            words: format!("no answer within {} seconds", TEST_TIME_MAX.as_secs()),
            advice: "Try again later: Asana or the network between is slow, or the token's rate limit is used up.".to_owned(),
        },
    }
}

fn refused(name: &'static str, error: &ServiceError) -> Capability {
    let (status, words) = match error {
        ServiceError::Asana(error) => (error.status(), error.words()),
        _ => (None, ""),
    };
    Capability {
        name,
        ok: false,
        status,
        words: if words.is_empty() {
            chain(error)
        } else {
            words.to_owned()
        },
        advice: error.advice(),
    }
}

fn not_tried(name: &'static str, reason: &str) -> Capability {
    Capability {
        name,
        ok: false,
        status: None,
        words: format!("not tried: {reason}"),
        advice: String::new(),
    }
}

/// A refusal to show the token's own user still is an answer to a token that Asana knows.
async fn token_owner(client: &Client) -> Result<String, ServiceError> {
    match client.me().await {
        Ok(user) => Ok(format!(
            "accepted, of {} ({})",
            user.name.as_deref().unwrap_or("a user without a name"),
            user.gid
        )),
        Err(AsanaError::Forbidden { .. }) => Ok("accepted".to_owned()),
        Err(error) => Err(error.into()),
    }
}

async fn workspace_name(client: &Client, gid: &str) -> Result<String, ServiceError> {
    check_gid(gid)?;
    let workspace = client.workspace(gid).await?;
    Ok(workspace.name.unwrap_or(workspace.gid))
}

async fn first_workspace(client: &Client) -> (Capability, Option<String>) {
    let mut gid = None;
    let found = async {
        let workspaces = client.workspaces().await?;
        let first = workspaces.first().ok_or(ServiceError::NoWorkspace)?;
        let name = first.name.as_deref().unwrap_or(&first.gid);
        gid = Some(first.gid.clone());
        Ok(match workspaces.len() {
            1 => name.to_owned(),
            several => {
                format!("{several} workspaces; the others are tested as the first one, {name}")
            }
        })
    };
    let capability = attempt("workspace", found).await;
    (capability, gid)
}

async fn oldest_event(client: &Client, gid: &str) -> Result<String, ServiceError> {
    let request = AuditLogRequest {
        limit: 1,
        ..AuditLogRequest::new(gid)
    };
    let page = client.audit_log_page(&request).await?;
    Ok(match page.events.first() {
        Some(Ok(event)) => format!("readable, from {} on", canonical_time(event.created_at)),
        Some(Err(_)) => "readable".to_owned(),
        None => "readable, without any event yet".to_owned(),
    })
}

async fn first_users(client: &Client, gid: &str) -> Result<String, ServiceError> {
    let mut pages = client.workspace_memberships(gid).boxed();
    let people = match pages.next().await {
        Some(page) => page?.len(),
        None => 0,
    };
    Ok(format!("readable, {people} people on the first page"))
}

/// Names come from Asana; what a terminal would act on is none of a name.
fn one_line(words: &str) -> String {
    words.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_act_on_a_terminal() {
        assert_eq!(one_line("a\u{1b}[31m\nb"), "a [31m b");
    }
}
