//! Opening, creating and repairing the table.

use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use deltalake::datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::logstore::{
    LogStore, LogStoreFactory, ObjectStoreRef, StorageConfig, default_logstore, logstore_factories,
};
use deltalake::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use drishti_model::SourceName;
use tokio::sync::Mutex;
use url::Url;

use crate::durable::GONE;
use crate::gids::KnownGids;
use crate::{LakeError, LakeLocation, schema};

/// Commits between two checkpoints of the Delta log.
const CHECKPOINT_INTERVAL_COMMITS: &str = "50";

/// How long log entries are kept behind a checkpoint. A poll a minute makes 1,440 a day; nothing reads older ones.
const LOG_RETENTION: &str = "interval 1 day";

/// The event store. Cheap to clone.
#[derive(Clone)]
pub struct Lake(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) location: LakeLocation,
    /// The newest version known to this process.
    current: RwLock<DeltaTable>,
    /// Held by whoever writes; with it goes what is known of gids.
    pub(crate) writer: Arc<Mutex<KnownGids>>,
    /// Shared by all queries, for its caches of file footers.
    pub(crate) runtime: Arc<RuntimeEnv>,
}

/// What [`Lake::open`] had to mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Log entries that a power loss had cut short, now set aside; their events are collected again.
    pub set_aside: Vec<String>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Lake({})", self.0.location.address())
    }
}

impl Lake {
    /// Opens the lake at `location`, or makes an empty one there. Columns that an older version did not know are added.
    pub async fn open(location: LakeLocation) -> Result<(Self, Repair), LakeError> {
        let repair = match location.folder_path() {
            Some(folder) => Repair {
                set_aside: set_aside_damaged_entries(&folder)?,
            },
            None => Repair::default(),
        };
        register_object_stores();
        let open = |source| LakeError::Open {
            address: location.address(),
            source,
        };
        let mut table = DeltaTableBuilder::from_url(location.url().clone())
            .map_err(open)?
            .with_storage_backend(location.store()?, location.url().clone())
            .build()
            .map_err(open)?;
        if table.verify_deltatable_existence().await.map_err(open)? {
            table.load().await.map_err(open)?;
            table = add_missing_columns(table).await.map_err(open)?;
        } else {
            table = create(table).await.map_err(open)?;
        }
        let runtime = RuntimeEnvBuilder::new()
            .build_arc()
            .map_err(LakeError::Engine)?;
        let inner = Inner {
            location,
            current: RwLock::new(table),
            writer: Arc::default(),
            runtime,
        };
        Ok((Self(Arc::new(inner)), repair))
    }

    /// Where the lake is, for people.
    pub fn address(&self) -> String {
        self.0.location.address()
    }

    /// The number of the newest batch of `source` in the lake; 0 where there is none.
    pub async fn last_sequence(&self, source: &SourceName) -> Result<i64, LakeError> {
        let table = self.newest().await?;
        last_sequence(&table, source)
            .await
            .map_err(|error| self.opening(error))
    }

    /// The newest version of the table, from whichever process.
    pub(crate) async fn newest(&self) -> Result<DeltaTable, LakeError> {
        let mut table = self.current();
        table
            .update_state()
            .await
            .map_err(|error| self.opening(error))?;
        self.set_current(&table);
        Ok(table)
    }

    pub(crate) fn current(&self) -> DeltaTable {
        self.0
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Makes `table` the version that is read from now on, unless a newer one is known.
    pub(crate) fn set_current(&self, table: &DeltaTable) {
        let mut current = self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if table.version() >= current.version() {
            *current = table.clone();
        }
    }

    fn opening(&self, source: DeltaTableError) -> LakeError {
        self.gone(&source).unwrap_or_else(|| LakeError::Open {
            address: self.address(),
            source,
        })
    }

    /// The error that says so, where `error` comes from a lake folder that vanished.
    pub(crate) fn gone(&self, error: &DeltaTableError) -> Option<LakeError> {
        let folder_vanished = self
            .0
            .location
            .folder_path()
            .is_some_and(|folder| !folder.join("_delta_log").is_dir());
        let said_so = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source())
            .any(|error| error.to_string().contains(GONE));
        (folder_vanished || said_so).then(|| LakeError::Gone(self.address()))
    }
}

/// The Delta application id under which the batches of `source` are numbered.
pub(crate) fn application(source: &SourceName) -> String {
    format!("drishti/source/{source}")
}

pub(crate) async fn last_sequence(table: &DeltaTable, source: &SourceName) -> DeltaResult<i64> {
    let newest = table
        .snapshot()?
        .transaction_version(table.log_store().as_ref(), application(source))
        .await?;
    Ok(newest.unwrap_or(0))
}

async fn create(table: DeltaTable) -> DeltaResult<DeltaTable> {
    let columns: StructType = schema::events().as_ref().try_into_kernel()?;
    table
        .create()
        .with_columns(columns.fields().cloned().collect::<Vec<_>>())
        .with_partition_columns([schema::PARTITION])
        .with_configuration([
            (
                "delta.dataSkippingStatsColumns",
                Some(schema::STATISTICS_COLUMNS),
            ),
            (
                "delta.checkpointInterval",
                Some(CHECKPOINT_INTERVAL_COMMITS),
            ),
            ("delta.logRetentionDuration", Some(LOG_RETENTION)),
        ])
        .await
}

async fn add_missing_columns(table: DeltaTable) -> DeltaResult<DeltaTable> {
    let known: StructType = schema::events().as_ref().try_into_kernel()?;
    let present = table.snapshot()?.schema();
    let missing: Vec<_> = known
        .fields()
        .filter(|field| present.field(field.name()).is_none())
        .cloned()
        .collect();
    if missing.is_empty() {
        return Ok(table);
    }
    table.add_columns().with_fields(missing).await
}

/// Renames newest log entries that are not whole JSON lines: only an entry whose commit never returned can be so, as
/// [`crate::durable`] syncs an entry before it says that it is written.
fn set_aside_damaged_entries(folder: &Path) -> Result<Vec<String>, LakeError> {
    let log = folder.join("_delta_log");
    let failed = |doing: &'static str| {
        let path = log.display().to_string();
        move |source| LakeError::Folder { doing, path, source }
    };
    if !log.is_dir() {
        return Ok(Vec::new());
    }
    let mut entries: Vec<_> = fs::read_dir(&log)
        .map_err(failed("listing the log of the lake in"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    entries.sort();
    let mut set_aside = Vec::new();
    while let Some(newest) = entries.pop() {
        let text = fs::read(&newest).map_err(failed("reading the newest log entry in"))?;
        if is_whole_entry(&text) {
            break;
        }
        let aside = newest.with_extension("json.damaged");
        fs::rename(&newest, &aside).map_err(failed("setting aside a damaged log entry in"))?;
        set_aside.push(aside.display().to_string());
    }
    Ok(set_aside)
}

fn is_whole_entry(text: &[u8]) -> bool {
    let mut lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .peekable();
    lines.peek().is_some()
        && lines.all(|line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok())
}

/// Teaches Delta the addresses of object stores. The stores themselves come from [`LakeLocation::store`], whose conditional puts
/// are all that a commit needs.
fn register_object_stores() {
    struct Plain;
    impl LogStoreFactory for Plain {
        fn with_options(
            &self,
            prefixed_store: ObjectStoreRef,
            root_store: ObjectStoreRef,
            location: &Url,
            options: &StorageConfig,
        ) -> DeltaResult<Arc<dyn LogStore>> {
            Ok(default_logstore(
                prefixed_store,
                root_store,
                location,
                options,
            ))
        }
    }
    for scheme in ["s3", "s3a", "az", "azure", "abfs", "abfss", "gs"] {
        if let Ok(key) = Url::parse(&format!("{scheme}://")) {
            logstore_factories()
                .entry(key)
                .or_insert_with(|| Arc::new(Plain));
        }
    }
}
