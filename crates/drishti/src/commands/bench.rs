//! `drishti bench`: how good detection is, on simulated organisations whose attacks are known.

mod score;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile, SystemClock};
use drishti_services::sources::AddSource;
use drishti_services::tables::fetch;
use drishti_services::watch::{KnowledgeFiles, NamedFile};
use drishti_services::{AlertFilter, Installation, LakeLocation, SealingKey, Services};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::demo::{Simulator, random_text};
use super::{people, progress};
use crate::cli::{BenchDetectionArgs, ListFormat};
use crate::output::print_data;
use crate::shipped;
use score::{Campaign, Label, Score};

/// What the simulator publishes, and what it is called here.
const FEEDS: [(&str, &str); 4] = [
    ("tor", "tor-exits.txt"),
    ("vpn", "vpn.netset"),
    ("hosting", "hosting.netset"),
    ("malicious", "malicious.netset"),
];

/// Name of the source.
const SOURCE: &str = "simulated";

pub(crate) async fn detection(arguments: &BenchDetectionArgs) -> anyhow::Result<ExitCode> {
    let mut score = Score::default();
    let bar = progress::spinner();
    for &seed in &arguments.seeds {
        bar.set_message(format!("seed {seed}"));
        let organisation = Organisation::simulated(arguments, seed).await?;
        organisation.score(arguments, &mut score).await?;
    }
    bar.finish_and_clear();
    match arguments.format {
        ListFormat::Table => print_data(&score.to_string())?,
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&score)?)?,
        ListFormat::Jsonl => print_data(&serde_json::to_string(&score)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A simulated organisation that is collected as a real one would be, in a folder that lives as long as this.
struct Organisation {
    _folder: tempfile::TempDir,
    services: Services,
    simulator: Simulator,
}

impl Organisation {
    async fn simulated(arguments: &BenchDetectionArgs, seed: u64) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a folder for the time being")?;
        let token = Secret::new(random_text()?);
        let frozen_at = arguments.until.unwrap_or_else(now);
        let simulator = Simulator::spawned(
            &token,
            &[
                ("--people", arguments.people.to_string()),
                ("--days", arguments.days.to_string()),
                ("--seed", seed.to_string()),
                ("--attacks", "all".to_owned()),
                ("--freeze-at", frozen_at.to_rfc3339()),
            ],
        )
        .await?;
        let services = open(folder.path(), &simulator.address).await?;
        let source = source(arguments, &simulator.address, token)?;
        services.declare_source(source).await?;
        let collected = services
            .collect_once(&SourceName::new(SOURCE)?, |_| (), CancellationToken::new())
            .await?;
        anyhow::ensure!(collected.caught_up, "the collection was stopped");
        Ok(Self {
            _folder: folder,
            services,
            simulator,
        })
    }

    async fn score(self, arguments: &BenchDetectionArgs, score: &mut Score) -> anyhow::Result<()> {
        let file = tempfile::NamedTempFile::new().context("making a file for the time being")?;
        let labels = format!("{}/simulator/labels", self.simulator.address);
        fetch(&Url::parse(&labels)?, file.path()).await?;
        let text = std::fs::read_to_string(file.path()).context("reading the labels")?;
        let labels = text
            .lines()
            .map(|line| serde_json::from_str(line).context("reading a label"))
            .collect::<anyhow::Result<Vec<Label>>>()?;
        let campaigns = Campaign::all(&labels);
        let filter = AlertFilter {
            provisional: Some(false),
            suppressed: Some(false),
            ..AlertFilter::default()
        };
        let alerts = self.services.all_alerts(filter).await?;
        let reasons = self.services.alert_reasons(&alerts).await?;
        let person_days = f64::from(arguments.people) * f64::from(arguments.days);
        let alerts: Vec<_> = alerts.iter().zip(&reasons).collect();
        score.add(&campaigns, &alerts, person_days);
        Ok(())
    }
}

fn now() -> DateTime<Utc> {
    drishti_model::Clock::now(&SystemClock)
}

async fn open(folder: &Path, simulator: &str) -> anyhow::Result<Services> {
    let feed = |file: &str| Url::parse(&format!("{simulator}/feeds/{file}"));
    let places = folder.join("places.csv");
    fetch(&feed("places.csv")?, &places).await?;
    let mut feeds = Vec::new();
    for (name, file) in FEEDS {
        let path = folder.join(file);
        fetch(&feed(file)?, &path).await?;
        feeds.push(NamedFile {
            name: name.to_owned(),
            path,
        });
    }
    let directory = folder.join("people.csv");
    fetch(
        &Url::parse(&format!("{simulator}/simulator/people.csv"))?,
        &directory,
    )
    .await?;
    let installation = Installation {
        lake: LakeLocation::folder(&folder.join("lake"))?,
        ledger_url: format!("sqlite://{}", folder.join("ledger.sqlite").display()),
        key: SealingKey::generate()?,
        holder: format!("bench:{}", std::process::id()),
        proxy: None,
        declared_in: None,
        knowledge: KnowledgeFiles {
            shipped: shipped::policies(),
            folder: None,
            places: vec![places],
            feeds,
            ..KnowledgeFiles::default()
        },
    };
    let services = Services::open(installation, Arc::new(SystemClock)).await?;
    let facts = people::read(&directory, "people.csv", None)?;
    services
        .ledger()
        .replace_people_facts("people.csv", &facts, "bench", now())
        .await?;
    Ok(services)
}

fn source(
    arguments: &BenchDetectionArgs,
    address: &str,
    token: Secret,
) -> anyhow::Result<AddSource> {
    Ok(AddSource {
        name: SourceName::new(SOURCE)?,
        workspace_gid: None,
        token: Some(token),
        profile: SourceProfile {
            workspace_gid: None,
            api_url: format!("{address}/api/1.0"),
            description: String::new(),
            category: String::new(),
            fields: std::collections::BTreeMap::new(),
            collect: CollectSettings {
                backfill_days: arguments.days.min(CollectSettings::RETENTION_DAYS),
                // The simulator has no limit of requests.
                requests_per_minute: 0,
                ..CollectSettings::default()
            },
        },
        declared: false,
    })
}
