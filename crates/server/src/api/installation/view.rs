use chrono::{DateTime, Utc};
use drishti_services::about::{DetectionView, InstallationView, JobView};
use drishti_services::maintenance::RetentionView;
use serde::Serialize;
use utoipa::ToSchema;

/// What an installation is made of, and how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Installation {
    /// Of the program.
    version: &'static str,
    /// The configuration file; null where there is none, or you are no admin of all sources.
    #[schema(required)]
    configuration: Option<String>,
    /// `sqlite` or `postgresql`.
    ledger_kind: &'static str,
    /// Where the ledger is, without user and password; null where you are no admin of all sources.
    #[schema(required)]
    ledger: Option<String>,
    /// `folder`, or the scheme of an object store, such as `s3`.
    lake_kind: String,
    /// Where the lake is; null where you are no admin of all sources.
    #[schema(required)]
    lake: Option<String>,
    /// Events in the lake.
    lake_events: u64,
    /// Files of the lake.
    lake_files: u64,
    /// Their size.
    lake_bytes: u64,
    /// For how long events are kept.
    retention: Retention,
    /// What is done by itself.
    maintenance: Vec<Job>,
    /// How far each source is evaluated.
    detection: Vec<Detection>,
}

/// For how long events are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retention {
    /// Days, counted by when they happened; null for ever.
    #[schema(required)]
    days: Option<u32>,
    /// Whether a configuration file says so, which alone can change it then.
    is_declared: bool,
    /// When the first day begins of which nothing has been removed; null where nothing ever was.
    #[schema(required)]
    complete_since: Option<DateTime<Utc>>,
}

impl From<RetentionView> for Retention {
    fn from(view: RetentionView) -> Self {
        Self {
            days: view.days,
            is_declared: view.is_declared,
            complete_since: view.complete_since,
        }
    }
}

/// Something that is done by itself, again and again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaintenanceJob)]
struct Job {
    /// `compaction`, `retention`, `vacuum` or `trimming`.
    name: &'static str,
    /// When it was last done; null where it never was.
    #[schema(required)]
    done_at: Option<DateTime<Utc>>,
    /// When it last failed; null where it never did.
    #[schema(required)]
    failed_at: Option<DateTime<Utc>>,
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Self {
        Self {
            name: view.name,
            done_at: view.done_at,
            failed_at: view.failed_at,
        }
    }
}

/// How far a source is evaluated.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DetectionState)]
struct Detection {
    /// Which source.
    source: String,
    /// Events up to this time are evaluated for good; null where none is.
    #[schema(required)]
    settled_until: Option<DateTime<Utc>>,
    /// The version of the engines.
    engine: String,
    /// When the evaluation anew began that is under way; null where none is.
    #[schema(required)]
    rebuild_begun_at: Option<DateTime<Utc>>,
}

impl From<DetectionView> for Detection {
    fn from(view: DetectionView) -> Self {
        Self {
            source: view.source.to_string(),
            settled_until: view.settled_until,
            engine: view.engine,
            rebuild_begun_at: view.rebuild_begun_at,
        }
    }
}

impl Installation {
    /// With where everything is, or without.
    pub(super) fn shown(view: InstallationView, with_places: bool) -> Self {
        Self {
            version: view.version,
            configuration: view.configuration.filter(|_| with_places),
            ledger_kind: view.ledger_kind,
            ledger: with_places.then_some(view.ledger),
            lake_kind: view.lake_kind,
            lake: with_places.then_some(view.lake),
            lake_events: view.statistics.rows,
            lake_files: view.statistics.files,
            lake_bytes: view.statistics.bytes,
            retention: view.retention.into(),
            maintenance: view.maintenance.into_iter().map(Job::from).collect(),
            detection: view.detection.into_iter().map(Detection::from).collect(),
        }
    }
}
