use std::sync::Arc;

use drishti_asana::{Proxy, TokenLimits};
use drishti_lake::{Lake, LakeLocation, Repair};
use drishti_ledger::{Ledger, SealingKey};
use drishti_model::Clock;
use tokio::sync::{Mutex, Notify, Semaphore};

use crate::ServiceError;
use crate::access::{AccessMemory, random_text};
use crate::backtest::TRIALS_AT_ONCE_MAX;
use crate::evaluators::Evaluators;
use crate::live::Feed;
use crate::people::DirectoryMemory;
use crate::tables::TablesUpdate;
use crate::watch::{KnowledgeFiles, Known};

/// Random bytes by which places in the feed of one process are told from those in another's.
const EPOCH_BYTES: usize = 8;

/// One installation: its lake, its ledger, its clock. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub(crate) lake: Lake,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
    /// Names this process in leases.
    pub(crate) holder: Arc<str>,
    /// What the tokens may ask of Asana, whichever sources use them.
    pub(crate) token_limits: TokenLimits,
    /// What stands between this machine and Asana.
    pub(crate) proxy: Option<Proxy>,
    /// The file that declares sources, for people.
    pub(crate) declared_in: Option<Arc<str>>,
    pub(crate) knowledge_files: Arc<KnowledgeFiles>,
    /// What was read from those files; `None` before it is needed.
    pub(crate) knowledge: Arc<Mutex<Option<Known>>>,
    /// Who tries a policy on what is in the lake waits for one of a few places.
    pub(crate) trials: Arc<Semaphore>,
    pub(crate) evaluators: Evaluators,
    /// What is remembered about sign-ins.
    pub(crate) access: Arc<AccessMemory>,
    /// Everybody who is known; read at the first question.
    pub(crate) directory: Arc<DirectoryMemory>,
    /// Told whenever events have reached the lake.
    pub(crate) news: Arc<Notify>,
    /// Days that events are kept as a configuration file says; `None` where none says so.
    pub(crate) declared_retention: Option<u32>,
    /// The last time that tables were fetched by this process, or are being.
    pub(crate) tables_update: Arc<Mutex<Option<TablesUpdate>>>,
    /// What changes, for those who follow it.
    pub(crate) feed: Arc<Feed>,
}

/// Where the parts of an installation are.
pub struct Installation {
    /// The lake.
    pub lake: LakeLocation,
    /// The ledger, as `sqlite://PATH` or `postgres://…`.
    pub ledger_url: String,
    /// What the secrets in the ledger are sealed with.
    pub key: SealingKey,
    /// Names this process to others on the same ledger: [`holder_name`](crate::holder_name).
    pub holder: String,
    /// What stands between this machine and Asana, if anything does.
    pub proxy: Option<Proxy>,
    /// The file that declares sources, as people know it; it is only named, not read.
    pub declared_in: Option<String>,
    /// What detection and enrichment go by.
    pub knowledge: KnowledgeFiles,
}

impl Services {
    /// What Drishti calls itself to Asana.
    pub const USER_AGENT: &'static str = concat!("drishti/", env!("CARGO_PKG_VERSION"));

    /// Opens lake and ledger, and makes what is not there yet.
    pub async fn open(
        installation: Installation,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServiceError> {
        let ledger = Ledger::open(&installation.ledger_url, installation.key).await?;
        let (lake, Repair { set_aside }) = Lake::open(installation.lake).await?;
        for entry in set_aside {
            tracing::warn!(
                entry,
                "a log entry of the lake was cut short and is set aside; its events are collected again"
            );
        }
        Ok(Self {
            lake,
            ledger,
            clock,
            holder: installation.holder.into(),
            token_limits: TokenLimits::default(),
            proxy: installation.proxy,
            declared_in: installation.declared_in.map(Arc::from),
            knowledge_files: Arc::new(installation.knowledge),
            knowledge: Arc::default(),
            trials: Arc::new(Semaphore::new(TRIALS_AT_ONCE_MAX)),
            evaluators: Evaluators::new()?,
            access: Arc::default(),
            directory: Arc::default(),
            news: Arc::default(),
            declared_retention: None,
            tables_update: Arc::default(),
            feed: Arc::new(Feed::new(random_text::<EPOCH_BYTES>()?)),
        })
    }

    /// The same, where a configuration file says for how many days events are kept; then nobody else can say so.
    #[must_use]
    pub fn with_declared_retention(self, days: Option<u32>) -> Self {
        Self {
            declared_retention: days,
            ..self
        }
    }

    /// The application database.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same for somebody who changes sources: the audit trail tells of it.
    #[must_use]
    pub fn in_name_of(&self, author: &str) -> Self {
        Self {
            ledger: self.ledger.in_name_of(author),
            ..self.clone()
        }
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Where the lake is, for people.
    pub fn lake_address(&self) -> String {
        self.lake.address()
    }
}

/// An installation in `folder` with one source that collects nothing.
#[cfg(test)]
pub(crate) async fn for_tests(folder: &std::path::Path) -> (Services, drishti_model::SourceName) {
    use drishti_model::{CollectSettings, ManualClock, Secret, SourceName, SourceProfile};

    let installation = Installation {
        lake: LakeLocation::folder(&folder.join("lake")).unwrap(),
        ledger_url: format!("sqlite://{}", folder.join("ledger.sqlite").display()),
        key: SealingKey::from_base64(&Secret::new(format!("{}=", "A".repeat(43)))).unwrap(),
        holder: "test".to_owned(),
        proxy: None,
        declared_in: None,
        knowledge: KnowledgeFiles::default(),
    };
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let services = Services::open(installation, clock).await.unwrap();
    let source = SourceName::new("acme").unwrap();
    let new = drishti_ledger::NewSource {
        name: source.clone(),
        profile: SourceProfile {
            workspace_gid: Some("1".to_owned()),
            api_url: SourceProfile::API_URL.to_owned(),
            description: String::new(),
            category: String::new(),
            fields: std::collections::BTreeMap::default(),
            collect: CollectSettings::default(),
        },
        token: None,
        declared: false,
    };
    services.ledger.add_source(new, now).await.unwrap();
    (services, source)
}
