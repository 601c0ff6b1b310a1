//! What an installation is made of, and how it stands.

use chrono::{DateTime, Utc};
use drishti_lake::Statistics;
use drishti_model::SourceName;

use crate::maintenance::{Job, RetentionView};
use crate::{ServiceError, Services};

/// What an installation is made of.
#[derive(Clone, Debug)]
pub struct InstallationView {
    /// Of this program.
    pub version: &'static str,
    /// The file that the configuration was read from.
    pub configuration: Option<String>,
    /// Where the ledger is, without user and password.
    pub ledger: String,
    /// `sqlite` or `postgresql`.
    pub ledger_kind: &'static str,
    /// Where the lake is.
    pub lake: String,
    /// `folder`, or the scheme of an object store, such as `s3`.
    pub lake_kind: String,
    /// What is in it.
    pub statistics: Statistics,
    /// For how long events are kept.
    pub retention: RetentionView,
    /// What is done by itself.
    pub maintenance: Vec<JobView>,
    /// How far each source is evaluated.
    pub detection: Vec<DetectionView>,
}

/// Something that is done by itself, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// `compaction`, `retention`, `vacuum` or `trimming`.
    pub name: &'static str,
    /// When it was last done.
    pub done_at: Option<DateTime<Utc>>,
    /// When it last failed.
    pub failed_at: Option<DateTime<Utc>>,
}

/// How far a source is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectionView {
    /// Which source.
    pub source: SourceName,
    /// Events up to this time are evaluated for good; `None` where none is.
    pub settled_until: Option<DateTime<Utc>>,
    /// The version of the engines.
    pub engine: String,
    /// When the evaluation anew began that is under way.
    pub rebuild_begun_at: Option<DateTime<Utc>>,
}

/// A place without the words that make a sentence of it.
fn place(told: &str) -> String {
    told.trim_start_matches("the ledger ").replace('`', "")
}

impl Services {
    /// What the installation is made of, and how it stands.
    pub async fn about(&self) -> Result<InstallationView, ServiceError> {
        let mut maintenance = Vec::with_capacity(Job::ALL.len());
        for job in Job::ALL {
            maintenance.push(JobView {
                name: job.as_str(),
                done_at: self.noted(job.done_key()).await?,
                failed_at: self.noted(job.failed_key()).await?,
            });
        }
        let mut detection = Vec::new();
        for source in self.ledger.sources().await? {
            let rebuild = self.ledger.rebuild(&source.name).await?;
            let Some(generation) = self.ledger.generation(&source.name).await? else {
                continue;
            };
            detection.push(DetectionView {
                source: source.name,
                settled_until: generation.settled_until,
                engine: generation.engine,
                rebuild_begun_at: rebuild.map(|rebuild| rebuild.begun_at),
            });
        }
        let lake = self.lake.address();
        Ok(InstallationView {
            version: env!("CARGO_PKG_VERSION"),
            configuration: self.declared_in.as_deref().map(str::to_owned),
            ledger: place(&self.ledger.place()),
            ledger_kind: self.ledger.kind(),
            lake_kind: lake
                .split_once("://")
                .map_or("folder", |(scheme, _)| scheme)
                .to_owned(),
            lake,
            statistics: self.lake.statistics().await?,
            retention: self.retention().await?,
            maintenance,
            detection,
        })
    }
}
