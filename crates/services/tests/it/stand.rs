//! A simulated Asana behind HTTP, and a source that reads it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_model::{CollectSettings, Secret, SourceProfile};
use drishti_services::sources::AddSource;
use drishti_simulator::SimulateArgs;
use tokio_util::sync::CancellationToken;

use crate::place::{name, now};

pub(crate) const TOKEN: &str = "simulated-token-of-this-test";

/// A simulated Asana that ends with the test.
pub(crate) struct Asana {
    pub(crate) api_url: String,
    pub(crate) workspaces: Vec<(String, String)>,
    shutdown: CancellationToken,
}

impl Drop for Asana {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A clock that stands still at [`now`].
pub(crate) struct Frozen;

impl drishti_simulator::Clock for Frozen {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

pub(crate) async fn asana(change: impl FnOnce(&mut SimulateArgs)) -> Asana {
    let mut args = SimulateArgs {
        listen: ([127, 0, 0, 1], 0).into(),
        people: 20,
        days: 2,
        token: TOKEN.to_owned(),
        freeze_at: Some(now()),
        ..SimulateArgs::default()
    };
    change(&mut args);
    let workspaces = drishti_simulator::workspaces(&args);
    let listener = drishti_simulator::bind(&args).await.unwrap();
    let api_url = format!("http://{}/api/1.0", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    tokio::spawn(drishti_simulator::serve(
        args,
        Arc::new(Frozen),
        listener,
        shutdown.clone(),
    ));
    Asana {
        api_url,
        workspaces,
        shutdown,
    }
}

pub(crate) fn profile(api_url: &str) -> SourceProfile {
    SourceProfile {
        workspace_gid: None,
        api_url: api_url.to_owned(),
        description: "text".to_owned(),
        category: "saas/asana".to_owned(),
        fields: [].into(),
        collect: CollectSettings::default(),
    }
}

pub(crate) fn add(api_url: &str, workspace: Option<&str>) -> AddSource {
    AddSource {
        name: name("asana"),
        workspace_gid: workspace.map(str::to_owned),
        token: Some(Secret::new(TOKEN)),
        profile: profile(api_url),
        declared: false,
    }
}
