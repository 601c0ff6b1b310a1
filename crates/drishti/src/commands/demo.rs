//! `drishti demo`

mod simulator;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile, SourceState};
use drishti_server::has_web_app;
use drishti_services::Services;
use drishti_services::access::FIRST_OPERATOR;
use drishti_services::sources::AddSource;
use drishti_services::tables::{fetch, update_table};
use rand::rand_core::TryRng;
use url::Url;

use super::serve::{Opened, Product};
use super::{people, progress};
use crate::cli::{Cli, DemoArgs};
use crate::configuration::EnrichmentSection;
use crate::home::Home;
use crate::output::{self, grouped, shell_word};
pub(crate) use simulator::Simulator;

/// Name of the demo's source.
const SOURCE: &str = "demo";

/// Who tells facts about people.
const PEOPLE: &str = "people.csv";

/// Where every simulator listens, and so how the address of a demo's source begins.
const SIMULATED: &str = "http://127.0.0.1:";

/// Seconds between two polls: live traffic should be seen soon.
const POLL_INTERVAL_SECONDS: u32 = 5;

/// Time between two looks at how far the collection is.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

pub(crate) async fn run(cli: &Cli, arguments: &DemoArgs) -> anyhow::Result<ExitCode> {
    let home = Home::ready(cli.home())?;
    let name = SourceName::new(SOURCE)?;
    let token = Secret::new(random_text()?);
    let mut simulator = Simulator::start(arguments, &token).await?;
    let tables = tables(&simulator.address);
    let opened = Opened::new(cli, &home, arguments.listen, tables).await?;
    refuse_real_sources(&opened).await?;
    opened
        .services
        .add_first_operator(Some(home.login()?))
        .await?;
    for table in opened.configuration.knowledge(&home)?.fetched() {
        update_table(&table).await?;
    }
    tell_of_people(&opened.services, &home, &simulator.address).await?;
    let product = opened.start();
    let days = arguments.days.min(CollectSettings::RETENTION_DAYS);
    let source = source(&name, arguments, &simulator.address, token);
    product.services.declare_source(source).await?;
    output::say(&format!(
        "a simulated Asana with {} people listens on {}",
        grouped(u64::from(arguments.people)),
        simulator.address
    ));
    tokio::select! {
        shown = show_collection(&product, &name, days) => shown?,
        ended = simulator.end() => bail!("the simulator ended{}", ended?),
        () = product.stop.cancelled() => return ended(product, simulator).await,
    }
    print_where_to_look(&home, &product)?;
    if arguments.once {
        product.stop.cancel();
    }
    ended(product, simulator).await
}

/// Waits for the end of the product, which needs the simulator until then.
async fn ended(product: Product, simulator: Simulator) -> anyhow::Result<ExitCode> {
    let outcome = product.wait().await;
    simulator.stop().await;
    outcome
}

/// What a provider would publish about the simulated addresses.
fn tables(simulator: &str) -> EnrichmentSection {
    let file = |name: &str| format!("{simulator}/feeds/{name}");
    EnrichmentSection {
        places: vec![file("places.csv")],
        feeds: [
            ("tor", "tor-exits.txt"),
            ("vpn", "vpn.netset"),
            ("hosting", "hosting.netset"),
            ("malicious", "malicious.netset"),
        ]
        .into_iter()
        .map(|(name, list)| (name.to_owned(), file(list)))
        .collect(),
        ..EnrichmentSection::default()
    }
}

/// Takes what the simulated personnel department tells: who is leaving, who has left, who is in which group.
async fn tell_of_people(services: &Services, home: &Home, simulator: &str) -> anyhow::Result<()> {
    let address = Url::parse(&format!("{simulator}/simulator/people.csv"))?;
    let path = home.table_path(&address);
    fetch(&address, &path).await?;
    let facts = people::read(&path, PEOPLE, None)?;
    let now = services.clock().now();
    services
        .ledger()
        .replace_people_facts(PEOPLE, &facts, SOURCE, now)
        .await?;
    Ok(())
}

/// The demo shares no folder with real sources: it would mix made-up events with real ones, and collect the real ones besides.
async fn refuse_real_sources(opened: &Opened) -> anyhow::Result<()> {
    let stored = opened.services.sources().await?;
    let is_real = |source: &drishti_services::Source| {
        source.name.as_str() != SOURCE || !source.profile.api_url.starts_with(SIMULATED)
    };
    let stored = stored
        .iter()
        .map(|overview| &overview.source)
        .find(|source| is_real(source));
    let declared = opened.configuration.sources.first();
    let name = stored
        .map(|source| &source.name)
        .or(declared.map(|section| &section.name));
    match name {
        Some(name) => bail!(
            "this folder has the source `{name}`; give the demo a folder of its own with `--home`"
        ),
        None => Ok(()),
    }
}

fn source(name: &SourceName, arguments: &DemoArgs, address: &str, token: Secret) -> AddSource {
    AddSource {
        name: name.clone(),
        workspace_gid: None,
        token: Some(token),
        profile: SourceProfile {
            workspace_gid: None,
            api_url: format!("{address}/api/1.0"),
            description: format!("a simulated organisation of {} people", arguments.people),
            category: "demo/asana".to_owned(),
            fields: std::iter::once(("environment".to_owned(), "demo".to_owned())).collect(),
            collect: CollectSettings {
                poll_interval_seconds: POLL_INTERVAL_SECONDS,
                // The simulated history began a moment before this source does: a day more takes all of it.
                backfill_days: (arguments.days + 1).min(CollectSettings::RETENTION_DAYS),
                // The simulator has no limit of requests.
                requests_per_minute: 0,
                ..CollectSettings::default()
            },
        },
        declared: false,
    }
}

pub(crate) fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 24];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .context("drawing random bytes from the system")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
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

/// Prints commands that work in any other terminal as they stand.
fn print_where_to_look(home: &Home, product: &Product) -> anyhow::Result<()> {
    let word = |path: &Path| shell_word(&path.display().to_string());
    let program = std::env::current_exe().context("finding the own program")?;
    let drishti = format!("{} --home {}", word(&program), word(home.path()));
    output::print_data(&format!(
        "\
The web app:     {app}
Sign in:         as {FIRST_OPERATOR} with the password {password}
Ask the lake:    {drishti} query \"select event_type, count(*) from events group by 1 order by 2 desc limit 5\"
See the alerts:  {drishti} alerts list
See the source:  {drishti} sources list
Ask the API:     curl -H \"Authorization: Bearer $(cat {token})\" \"{address}/api/v1/events?limit=3\"
The API itself:  {address}/api/v1/openapi.json
Metrics:         {address}/metrics, with the same token
Lake:            {lake}
Stop with Ctrl-C; the next `drishti demo` goes on from here.",
        app = if has_web_app() {
            format!("{}/", product.address)
        } else {
            "this was built without it; scripts/web builds it".to_owned()
        },
        password = home.login()?.expose(),
        token = word(&home.api_token_path()),
        address = product.address,
        lake = product.services.lake_address(),
    ))
}
