use std::path::Path;

use chrono::{DateTime, Utc};
use drishti_detect::enrich::{Feed, FeedKind, PlacesFile, Refusal};

use super::{TablesUpdate, shown};
use crate::watch::{Knowledge, TableOrigin, modified};
use crate::words::chain;
use crate::{ServiceError, Services};

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Where addresses are and who runs their networks.
    Places,
    /// Addresses that have something in common.
    Feed,
}

impl TableKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Places => "places",
            Self::Feed => "feed",
        }
    }
}

/// A file of places or a list of addresses, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableView {
    /// What it holds.
    pub kind: TableKind,
    /// What it is called: a feed's name, the name of a file.
    pub name: String,
    /// The tag that a feed gives to its addresses.
    pub tag: Option<String>,
    /// Its file, or the address that it is fetched from, without what may be secret.
    pub from: String,
    /// Whether it is fetched from an address.
    pub is_fetched: bool,
    /// Under which licence it is used, where the configuration says so.
    pub licence: Option<String>,
    /// What a database calls itself, or `CSV`; `None` for feeds, and where it is not in use.
    pub format: Option<String>,
    /// Networks that it names; `None` where it does not tell.
    pub entries: Option<u64>,
    /// Lines that are no address.
    pub refused: u64,
    /// The first of those.
    pub refusals: Vec<Refusal>,
    /// Columns of a table that mean nothing here.
    pub ignored_columns: Vec<String>,
    /// As of when it is: when a database was built, else when its file was changed.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether it is so old that it deserves a warning; `None` where its age is not known.
    pub is_old: Option<bool>,
    /// Whether events are enriched with it.
    pub is_in_use: bool,
    /// Whether its file is there.
    pub has_file: bool,
}

/// All tables that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablesView {
    /// Files of places in the order of preference, then feeds by name.
    pub tables: Vec<TableView>,
    /// When what is in use was read; `None` where nothing could be.
    pub read_at: Option<DateTime<Utc>>,
    /// Why what the files hold now can't be used; `None` where it is in use.
    pub problem: Option<String>,
    /// The last fetching.
    pub update: Option<TablesUpdate>,
}

impl Services {
    /// The tables that the configuration names, and how they stand.
    pub async fn tables(&self) -> Result<TablesView, ServiceError> {
        // Read at the first use; what goes wrong then is what is to be told.
        let read = self.knowledge().await;
        let known = self.knowledge.lock().await;
        let (knowledge, read_at, problem) = match (&read, known.as_ref()) {
            (_, Some(known)) => (
                Some(known.knowledge.clone()),
                Some(known.read_at),
                known.problem.clone(),
            ),
            (Err(error), None) => (None, None, Some(chain(error))),
            (Ok(knowledge), None) => (Some(knowledge.clone()), None, None),
        };
        drop(known);
        let now = self.clock.now();
        let services = self.clone();
        let views = tokio::task::spawn_blocking(move || {
            let files = &services.knowledge_files;
            let in_use = knowledge.as_deref();
            let origin = |path: &Path| files.origins.get(path).cloned().unwrap_or_default();
            let places = files
                .places
                .iter()
                .map(|path| places(path, &origin(path), in_use, now));
            let feeds = files
                .feeds
                .iter()
                .map(|feed| self::feed(&feed.name, &feed.path, &origin(&feed.path), in_use, now));
            places.chain(feeds).collect()
        });
        let tables = views
            .await
            .map_err(|_| ServiceError::TaskDied("the look at tables"))?;
        Ok(TablesView {
            tables,
            read_at,
            problem,
            update: self.tables_update().await,
        })
    }
}

/// What is the same for a table of any kind, in use or not.
fn unread(kind: TableKind, name: String, path: &Path, origin: &TableOrigin) -> TableView {
    let address = origin.address.as_ref().map(shown);
    TableView {
        kind,
        name,
        tag: None,
        is_fetched: address.is_some(),
        from: address.unwrap_or_else(|| path.display().to_string()),
        licence: origin.licence.clone(),
        format: None,
        entries: None,
        refused: 0,
        refusals: Vec::new(),
        ignored_columns: Vec::new(),
        as_of: modified(path),
        is_old: None,
        is_in_use: false,
        has_file: path.is_file(),
    }
}

fn places(
    path: &Path,
    origin: &TableOrigin,
    knowledge: Option<&Knowledge>,
    now: DateTime<Utc>,
) -> TableView {
    let full = path.display().to_string();
    let of_address = origin.address.as_ref().and_then(|address| {
        let last = address.path_segments()?.next_back()?;
        (!last.is_empty()).then(|| last.to_owned())
    });
    let of_file = || {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let name = of_address.or_else(of_file).unwrap_or_else(|| full.clone());
    let view = unread(TableKind::Places, name, path, origin);
    let files = knowledge.map(|known| known.enricher.places().files());
    let mut files = files.unwrap_or_default().iter();
    let Some(file) = files.find(|file| file.name() == full) else {
        return view;
    };
    let file: &PlacesFile = file;
    TableView {
        format: Some(file.kind().to_owned()),
        entries: file.networks().map(|networks| networks as u64),
        ignored_columns: file.ignored_columns().to_vec(),
        as_of: file.built().or(view.as_of),
        is_old: file.is_old(now),
        is_in_use: true,
        ..view
    }
}

fn feed(
    name: &str,
    path: &Path,
    origin: &TableOrigin,
    knowledge: Option<&Knowledge>,
    now: DateTime<Utc>,
) -> TableView {
    let kind = name.parse::<FeedKind>().ok();
    let view = TableView {
        tag: kind.map(|kind| kind.tag().to_owned()),
        ..unread(TableKind::Feed, name.to_owned(), path, origin)
    };
    let feeds = knowledge.map(|known| known.enricher.feeds());
    let mut feeds = feeds.unwrap_or_default().iter();
    let Some(feed) = feeds.find(|feed| feed.source().name == name.trim()) else {
        return view;
    };
    let feed: &Feed = feed;
    TableView {
        entries: Some(feed.entries() as u64),
        refused: feed.refused(),
        refusals: feed.refusals().to_vec(),
        as_of: feed.source().as_of.or(view.as_of),
        is_old: feed.is_old(now),
        is_in_use: true,
        ..view
    }
}
