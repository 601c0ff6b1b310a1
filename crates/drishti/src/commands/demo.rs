//! `drishti demo`

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile, SourceState};
use drishti_services::sources::AddSource;
use rand::rand_core::TryRng;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::progress;
use super::serve::Product;
use crate::cli::{Cli, DemoArgs};
use crate::home::Home;
use crate::output::{self, grouped};

/// Name of the demo's source.
const SOURCE: &str = "demo";

/// Seconds between two polls: live traffic should be seen soon.
const POLL_INTERVAL_SECONDS: u32 = 5;

/// Time between two looks at how far the collection is.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

pub(crate) async fn run(cli: &Cli, arguments: &DemoArgs) -> anyhow::Result<ExitCode> {
    let home = Home::ready(&cli.home)?;
    let product = Product::start(cli, &home, arguments.listen).await?;
    let name = SourceName::new(SOURCE)?;
    refuse_real_sources(&product, &name).await?;
    let token = Secret::new(random_text()?);
    let mut simulator = Simulator::start(arguments, &token).await?;
    let days = arguments.days.min(CollectSettings::RETENTION_DAYS);
    let profile = SourceProfile {
        workspace_gid: None,
        api_url: format!("{}/api/1.0", simulator.address),
        description: format!("a simulated organisation of {} people", arguments.people),
        category: "demo/asana".to_owned(),
        fields: std::iter::once(("environment".to_owned(), "demo".to_owned())).collect(),
        collect: CollectSettings {
            poll_interval_seconds: POLL_INTERVAL_SECONDS,
            backfill_days: days,
            // The simulator has no limit of requests.
            requests_per_minute: 0,
            ..CollectSettings::default()
        },
    };
    let source = AddSource {
        name: name.clone(),
        workspace_gid: None,
        token: Some(token),
        profile,
        declared: false,
    };
    product.services.declare_source(source).await?;
    output::say(&format!(
        "a simulated Asana with {} people listens on {}",
        grouped(u64::from(arguments.people)),
        simulator.address
    ));
    tokio::select! {
        shown = show_collection(&product, &name, days) => shown?,
        ended = simulator.child.wait() => bail!("the simulator ended: {}", ended.context("waiting for the simulator")?),
        () = product.stop.cancelled() => return product.wait().await,
    }
    print_where_to_look(cli, &home, &product)?;
    if arguments.once {
        product.stop.cancel();
    }
    product.wait().await
}

/// The demo shares no folder with real sources.
async fn refuse_real_sources(product: &Product, name: &SourceName) -> anyhow::Result<()> {
    let sources = product.services.sources().await?;
    match sources.iter().find(|other| other.source.name != *name) {
        Some(other) => bail!(
            "this folder has the source `{}`; give the demo a folder of its own with `--home`",
            other.source.name
        ),
        None => Ok(()),
    }
}

fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 24];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .context("drawing random bytes from the system")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The stand-in Asana: another process, spoken to over HTTP like the real one.
struct Simulator {
    child: Child,
    /// Closing it ends the simulator; waiting for the child would close it if the child still held it.
    _stdin: Option<ChildStdin>,
    address: String,
}

impl Simulator {
    async fn start(arguments: &DemoArgs, token: &Secret) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding the own program")?;
        let mut child = Command::new(program)
            .args(["simulate", "--listen", "127.0.0.1:0", "--exit-with-stdin"])
            .args(["--people", &arguments.people.to_string()])
            .args(["--days", &arguments.days.to_string()])
            .args(["--seed", &arguments.seed.to_string()])
            .env("DRISHTI_SIMULATE_TOKEN", token.expose())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the simulator")?;
        let stdout = child.stdout.take().context("reading from the simulator")?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await
            .context("reading from the simulator")?
            .context("the simulator ended before it listened")?;
        let address = line
            .strip_prefix("listening on ")
            .with_context(|| format!("the simulator said `{line}`"))?
            .to_owned();
        Ok(Self {
            _stdin: child.stdin.take(),
            child,
            address,
        })
    }
}

/// Shows the first collection until it has caught up.
async fn show_collection(product: &Product, name: &SourceName, days: u32) -> anyhow::Result<()> {
    let bar = progress::windows_bar();
    loop {
        let overview = product.services.source(name).await?;
        if let Some(status) = &overview.status {
            bar.set_length(overview.windows_total);
            bar.set_position(overview.windows_done);
            bar.set_message(format!(
                "{} events",
                grouped(status.events_stored.unsigned_abs())
            ));
            if status.state == SourceState::Error {
                bar.println(format!("{}: {}", status.event_name, status.reason));
            }
            let is_collecting = status.state == SourceState::Collecting;
            let has_all =
                overview.windows_done == overview.windows_total && overview.gaps.is_empty();
            if is_collecting && has_all {
                bar.finish_and_clear();
                output::say(&format!(
                    "{} events of {days} days are in the lake; new ones are collected every {POLL_INTERVAL_SECONDS} seconds",
                    grouped(status.events_stored.unsigned_abs())
                ));
                return Ok(());
            }
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn print_where_to_look(cli: &Cli, home: &Home, product: &Product) -> anyhow::Result<()> {
    let home_flag = if cli.home.as_os_str() == "drishti-data" {
        String::new()
    } else {
        format!(" --home {}", cli.home.display())
    };
    output::print_data(&format!(
        "\
Ask the lake:    drishti{home_flag} query \"select event_type, count(*) from events group by 1 order by 2 desc limit 5\"
See the source:  drishti{home_flag} sources list
Ask the API:     curl -H \"Authorization: Bearer $(cat {token})\" http://{address}/api/v1/events?limit=3
The API itself:  http://{address}/api/v1/openapi.json
Metrics:         http://{address}/metrics
Lake:            {lake}
Stop with Ctrl-C; the next `drishti demo` goes on from here.",
        token = home.api_token_path().display(),
        address = product.address,
        lake = product.services.lake_address(),
    ))
}
