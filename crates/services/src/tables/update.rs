use std::path::PathBuf;

use chrono::{DateTime, Utc};
use drishti_detect::enrich::{EnrichError, Feed, FeedSource, PlacesFile};
use url::Url;

use super::unpack::unpacked_table;
use super::{Fetched, TableKind, fetch_checked, shown};
use crate::watch::KnowledgeFiles;
use crate::words::chain;
use crate::{ServiceError, Services};

/// A table that is fetched, and where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedTable {
    /// What it holds.
    pub kind: TableKind,
    /// What it is called.
    pub name: String,
    /// From where; it may hold a licence key.
    pub address: Url,
    /// Its file.
    pub path: PathBuf,
}

/// One fetching of all tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablesUpdate {
    /// Who asked for it.
    pub author: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was done; `None` while it is not.
    pub ended_at: Option<DateTime<Utc>>,
    /// What became of each table so far.
    pub outcomes: Vec<TableOutcome>,
}

/// What became of a table that was to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOutcome {
    /// From where, without what may be secret.
    pub from: String,
    /// Its size; `None` where it could not be fetched.
    pub bytes: Option<u64>,
    /// Why it could not be fetched or taken, so that the old one stays.
    pub problem: Option<String>,
}

impl KnowledgeFiles {
    /// The tables that are fetched, in order.
    pub fn fetched(&self) -> Vec<FetchedTable> {
        let places = self
            .places
            .iter()
            .map(|path| (TableKind::Places, path.display().to_string(), path));
        let feeds = self
            .feeds
            .iter()
            .map(|feed| (TableKind::Feed, feed.name.clone(), &feed.path));
        let fetched = places.chain(feeds).filter_map(|(kind, name, path)| {
            let address = self.origins.get(path)?.address.clone()?;
            Some(FetchedTable {
                kind,
                name,
                address,
                path: path.clone(),
            })
        });
        fetched.collect()
    }
}

/// Fetches a table, and unpacks it. It takes the place of the one before only if it can be read as what it is to be: an error page never does.
pub async fn update_table(table: &FetchedTable) -> Result<Fetched, ServiceError> {
    fetch_checked(&table.address, &table.path, |body| async move {
        let (kind, name) = (table.kind, table.name.clone());
        let read = tokio::task::spawn_blocking(move || {
            let body = unpacked_table(body)?;
            let checked = check(kind, &name, &body);
            checked.map(|()| body).map_err(|error| chain(&error))
        });
        read.await.map_err(|_| "its reading stopped".to_owned())?
    })
    .await
}

fn check(kind: TableKind, name: &str, body: &[u8]) -> Result<(), EnrichError> {
    match kind {
        TableKind::Places => PlacesFile::parse(name, body.to_vec(), None).map(drop),
        TableKind::Feed => {
            let feed = Feed::parse(FeedSource::named(name)?, None, body)?;
            if feed.entries() > 0 {
                return Ok(());
            }
            // A list that is empty all at once is likelier an answer that went wrong, and nobody would notice that nothing is found any more.
            Err(EnrichError::NoFeed {
                feed: name.to_owned(),
                reason: "it names no address at all".to_owned(),
            })
        }
    }
}

impl Services {
    /// Begins to fetch the tables that have an address, and takes up what has changed. One fetching at a time: it goes on by itself.
    /// It is told in the audit trail.
    pub async fn start_tables_update(&self, author: &str) -> Result<TablesUpdate, ServiceError> {
        let tables = self.knowledge_files.fetched();
        if tables.is_empty() {
            return Err(ServiceError::Refused {
                doing: "fetching tables".to_owned(),
                problem: "the configuration names no places or feeds by an address".to_owned(),
                advice:
                    "Name them in `[enrichment]` of drishti.toml; docs/ENRICHMENT.md tells how."
                        .to_owned(),
            });
        }
        let mut last = self.tables_update.lock().await;
        if last.as_ref().is_some_and(|last| last.ended_at.is_none()) {
            return Err(ServiceError::UpdateRunning);
        }
        self.note_in_trail(author, "fetched", ("tables", "all"))
            .await?;
        let update = TablesUpdate {
            author: author.to_owned(),
            started_at: self.clock.now(),
            ended_at: None,
            outcomes: Vec::new(),
        };
        *last = Some(update.clone());
        drop(last);
        let services = self.clone();
        tokio::spawn(async move { services.update_tables(tables).await });
        Ok(update)
    }

    async fn update_tables(&self, tables: Vec<FetchedTable>) {
        for table in tables {
            let (bytes, problem) = match update_table(&table).await {
                Ok(fetched) => (Some(fetched.bytes), None),
                Err(ServiceError::Fetch { problem, .. }) => (None, Some(problem)),
                Err(error) => (None, Some(chain(&error))),
            };
            let outcome = TableOutcome {
                from: shown(&table.address),
                bytes,
                problem,
            };
            if let Some(update) = self.tables_update.lock().await.as_mut() {
                update.outcomes.push(outcome);
            }
        }
        // What could not be read is kept with what is known, and shown there.
        if let Err(error) = self.refresh_knowledge().await {
            tracing::warn!(
                error = chain(&error),
                "tables were fetched and can't be read; the old ones stay"
            );
        }
        if let Some(update) = self.tables_update.lock().await.as_mut() {
            update.ended_at = Some(self.clock.now());
        }
    }

    /// The last fetching of tables by this process; `None` before the first.
    pub async fn tables_update(&self) -> Option<TablesUpdate> {
        self.tables_update.lock().await.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::installation::for_tests;
    use crate::tables::tests::server;
    use crate::watch::{NamedFile, TableOrigin};

    const LIST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n192.0.2.1\n";
    const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<!doctype html>";

    #[test]
    fn what_is_no_table_never_takes_the_place_of_one() {
        let page = b"<!doctype html><title>404</title>";
        for (kind, name) in [(TableKind::Feed, "tor"), (TableKind::Places, "places.csv")] {
            assert!(check(kind, name, page).is_err(), "{name}");
        }
        check(TableKind::Feed, "tor", b"192.0.2.1\n").unwrap();
        let places = b"network,country\n192.0.2.0/24,DE\n";
        check(TableKind::Places, "places.csv", places).unwrap();
    }

    /// Feeds of these names and answers, in files of `folder`.
    async fn feeds(folder: &Path, answers: &[(&str, &'static str)]) -> KnowledgeFiles {
        let mut files = KnowledgeFiles::default();
        for (name, answer) in answers {
            let path = folder.join(name);
            let origin = TableOrigin {
                address: Some(server(answer).await),
                licence: Some("CC0-1.0".to_owned()),
            };
            files.origins.insert(path.clone(), origin);
            files.feeds.push(NamedFile {
                name: (*name).to_owned(),
                path,
            });
        }
        files
    }

    #[tokio::test]
    async fn tables_are_fetched_once_at_a_time_and_used() {
        let folder = tempfile::tempdir().unwrap();
        let (mut services, _) = for_tests(folder.path()).await;
        let files = feeds(folder.path(), &[("tor", LIST), ("vpn", PAGE)]).await;
        std::fs::write(folder.path().join("vpn"), "198.51.100.1\n").unwrap();
        services.knowledge_files = Arc::new(files);
        // What is not there can't be read, and says so.
        let before = services.tables().await.unwrap();
        assert_eq!((before.read_at, before.problem.is_some()), (None, true));
        let has_file: Vec<bool> = before.tables.iter().map(|table| table.has_file).collect();
        assert_eq!(has_file, [false, true]);

        services.start_tables_update("mara").await.unwrap();
        let again = services.start_tables_update("ben").await;
        assert!(matches!(again, Err(ServiceError::UpdateRunning)));
        let update = loop {
            tokio::task::yield_now().await;
            match services.tables_update().await {
                Some(update) if update.ended_at.is_some() => break update,
                _ => {}
            }
        };
        assert_eq!(update.author, "mara");
        let [taken, refused] = update.outcomes.as_slice() else {
            panic!("{update:?}")
        };
        assert_eq!((taken.bytes, &taken.problem), (Some(10), &None));
        let problem = refused.problem.as_deref().unwrap();
        assert!(
            problem.ends_with("what was there before is kept"),
            "{problem}"
        );
        assert!(!format!("{update:?}").contains("hidden"), "{update:?}");

        let after = services.tables().await.unwrap();
        assert_eq!(after.problem, None);
        for table in &after.tables {
            assert!(table.is_in_use && table.is_fetched, "{table:?}");
            assert_eq!(
                (table.entries, table.licence.as_deref()),
                (Some(1), Some("CC0-1.0"))
            );
            assert!(!table.from.contains("hidden"), "{table:?}");
        }
        let filter = crate::AuditFilter {
            limit: 9,
            ..Default::default()
        };
        let told = services.audit(&filter).await.unwrap().0;
        let told: Vec<_> = told
            .iter()
            .map(|stored| (stored.entry.author.as_str(), stored.entry.action.as_str()))
            .collect();
        assert_eq!(told, [("mara", "fetched")]);
    }
}
