//! Opening, creating and repairing the table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::NaiveDate;
use deltalake::datafusion::execution::memory_pool::GreedyMemoryPool;
use deltalake::datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::logstore::{
    LogStore, LogStoreFactory, ObjectStoreRef, StorageConfig, default_logstore, logstore_factories,
};
use deltalake::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use drishti_model::SourceName;
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use tokio::sync::Mutex;
use url::Url;

use crate::durable::{DurableFolder, LOG_FOLDER};
use crate::gids::KnownGids;
use crate::memory::QUERIES_MEMORY_MAX;
use crate::pages::Pages;
use crate::repair::{self, Repair};
use crate::{LakeError, LakeLocation, schema};

/// Commits between two checkpoints of the Delta log.
pub(crate) const CHECKPOINT_INTERVAL_COMMITS: u64 = 50;

/// Most bytes of file footers, with their indexes, that queries keep for each other.
const FOOTER_CACHE_BYTES_MAX: usize = 32 << 20;

/// Most bytes of file statistics that queries keep for each other.
const STATISTICS_CACHE_BYTES_MAX: usize = 2 << 20;

/// The columns that every version of the lake has had; a table without them is somebody else's.
const KEY_COLUMNS: [&str; 6] = [
    "source",
    "gid",
    "created_at",
    "event_type",
    "batch",
    schema::PARTITION,
];

/// How long log entries are kept behind a checkpoint. A poll a minute makes 1,440 a day; nothing reads older ones.
const LOG_RETENTION: &str = "interval 1 day";

/// The event store. Cheap to clone.
#[derive(Clone)]
pub struct Lake(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    location: LakeLocation,
    /// The folder of a local lake.
    pub(crate) folder: Option<DurableFolder>,
    /// The newest version known to this process.
    current: RwLock<DeltaTable>,
    /// Held by whoever writes; with it goes what is known of gids.
    pub(crate) writer: Arc<Mutex<KnownGids>>,
    /// The version at which the table was last read from its checkpoint on.
    loaded_at: AtomicU64,
    /// Shared by all queries, for its caches of file footers.
    pub(crate) runtime: Arc<RuntimeEnv>,
    /// Pages of events that were read already.
    pub(crate) pages: Pages,
    /// What all queries have for their work.
    pub(crate) memory: Arc<GreedyMemoryPool>,
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
            Some(folder) => repair::set_damaged_files_aside(&folder.join(LOG_FOLDER))?,
            None => Repair::default(),
        };
        let (store, folder) = location.store()?;
        let lake = Self::open_on(location, store, folder).await?;
        Ok((lake, repair))
    }

    pub(crate) async fn open_on(
        location: LakeLocation,
        store: Arc<dyn ObjectStore>,
        folder: Option<DurableFolder>,
    ) -> Result<Self, LakeError> {
        register_object_stores();
        let open = |source| LakeError::Open {
            address: location.address(),
            source,
        };
        let mut table = DeltaTableBuilder::from_url(location.url().clone())
            .map_err(open)?
            .with_storage_backend(store, location.url().clone())
            .build()
            .map_err(open)?;
        if !table.verify_deltatable_existence().await.map_err(open)? {
            if let Some(reason) = other_contents(&table).await.map_err(open)? {
                return Err(LakeError::Location {
                    address: location.address(),
                    reason,
                });
            }
            create(&table).await.map_err(open)?;
        }
        table.load().await.map_err(open)?;
        if let Some(column) = missing_key_column(&table).map_err(open)? {
            return Err(LakeError::Location {
                address: location.address(),
                reason: format!(
                    "it holds another Delta table, without the column `{column}`; a lake needs a place of its own"
                ),
            });
        }
        let table = add_missing_columns(table).await.map_err(open)?;
        let runtime = RuntimeEnvBuilder::new()
            .with_metadata_cache_limit(FOOTER_CACHE_BYTES_MAX)
            .with_file_statistics_cache_limit(STATISTICS_CACHE_BYTES_MAX)
            .build_arc()
            .map_err(LakeError::Engine)?;
        Ok(Self(Arc::new(Inner {
            location,
            folder,
            loaded_at: AtomicU64::new(table.version().unwrap_or_default()),
            current: RwLock::new(table),
            writer: Arc::default(),
            runtime,
            pages: Pages::new(),
            memory: Arc::new(GreedyMemoryPool::new(QUERIES_MEMORY_MAX)),
        })))
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
        if self.has_vanished() {
            return Err(LakeError::Gone(self.address()));
        }
        table
            .update_state()
            .await
            .map_err(|error| self.opening(error))?;
        let version = table.version().unwrap_or_default();
        if version >= self.0.loaded_at.load(Ordering::Relaxed) + CHECKPOINT_INTERVAL_COMMITS {
            // What is known of the files is kept by commit and gone through anew at each step, so that every step is slower than
            // the one before. Read from the checkpoint on, it is one piece again.
            table = DeltaTable::new(table.log_store());
            table.load().await.map_err(|error| self.opening(error))?;
            self.0.loaded_at.store(version, Ordering::Relaxed);
        }
        self.set_current(&table);
        Ok(table)
    }

    fn current(&self) -> DeltaTable {
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

    pub(crate) fn opening(&self, source: DeltaTableError) -> LakeError {
        self.or_gone(LakeError::Open {
            address: self.address(),
            source,
        })
    }

    /// `error`, or the one that says so where the lake folder vanished.
    pub(crate) fn or_gone(&self, error: LakeError) -> LakeError {
        if self.has_vanished() {
            LakeError::Gone(self.address())
        } else {
            error
        }
    }

    /// Whether the folder, or what this process knows of the table in it, is no longer there.
    fn has_vanished(&self) -> bool {
        let version = self.current().version().unwrap_or_default();
        self.0
            .folder
            .as_ref()
            .is_some_and(|folder| !(folder.stands() && folder.reaches(version)))
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

/// How many events each day of the table has, from its log alone.
pub(crate) fn rows_by_day(table: &DeltaTable) -> DeltaResult<BTreeMap<NaiveDate, u64>> {
    let mut days = BTreeMap::new();
    for file in table.snapshot()?.log_data().iter() {
        let values = file.partition_values_map();
        let day = values.get(schema::PARTITION).and_then(Option::as_deref);
        if let Some(day) = day.and_then(|day| day.parse().ok()) {
            *days.entry(day).or_default() += file.num_records().unwrap_or_default() as u64;
        }
    }
    Ok(days)
}

/// Makes an empty table, unless another process is quicker.
async fn create(table: &DeltaTable) -> DeltaResult<()> {
    let columns: StructType = schema::events().as_ref().try_into_kernel()?;
    let interval = CHECKPOINT_INTERVAL_COMMITS.to_string();
    let created = table
        .clone()
        .create()
        .with_columns(columns.fields().cloned().collect::<Vec<_>>())
        .with_partition_columns([schema::PARTITION])
        .with_configuration([
            (
                "delta.dataSkippingStatsColumns",
                Some(schema::STATISTICS_COLUMNS),
            ),
            ("delta.checkpointInterval", Some(interval.as_str())),
            ("delta.logRetentionDuration", Some(LOG_RETENTION)),
        ])
        .await;
    match created {
        Err(_) if table.verify_deltatable_existence().await? => Ok(()),
        other => other.map(drop),
    }
}

/// Why no lake may begin here: a vacuum deletes whatever the table does not know.
async fn other_contents(table: &DeltaTable) -> DeltaResult<Option<String>> {
    let store = table.log_store().object_store(None);
    let mut files = store.list(None);
    while let Some(file) = files.try_next().await? {
        let path = file.location.to_string();
        if !path.starts_with('.') && !path.starts_with(LOG_FOLDER) {
            return Ok(Some(format!(
                "it holds other files, such as `{path}`; a lake needs a folder, or a prefix of a bucket, of its own"
            )));
        }
    }
    Ok(None)
}

fn missing_key_column(table: &DeltaTable) -> DeltaResult<Option<&'static str>> {
    let present = table.snapshot()?.schema();
    Ok(KEY_COLUMNS
        .into_iter()
        .find(|column| present.field(column).is_none()))
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
