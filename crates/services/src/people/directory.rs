use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_ledger::{
    Generation, PEOPLE_SEEN_MAX, PeopleProvider, PersonFact, PersonSeen, ROWS_MAX, StoredAccount,
};
use drishti_model::{SourceName, SourceScope};
use tokio::sync::Mutex;

use super::{Standing, called};
use crate::{AccountFilter, ServiceError, Services};

/// What was read, kept for the next question.
#[derive(Default)]
pub(crate) struct DirectoryMemory(Mutex<Option<Read>>);

/// Everybody who is known, at one moment. It never changes.
#[derive(Default)]
pub(crate) struct Directory {
    /// By id.
    pub(super) people: Vec<Person>,
}

/// A person, as the sources know them.
pub(crate) struct Person {
    pub(super) id: Box<str>,
    /// One for each source that knows the person, by its name.
    pub(super) parts: Vec<Part>,
    /// What is searched, in small letters.
    pub(super) search: Box<str>,
    /// What all sources together know.
    pub(super) whole: Standing,
    /// Name, else e-mail address, else id, in small letters, as all sources together know it.
    pub(super) called: Box<str>,
}

/// A person, as one source knows them.
pub(crate) struct Part {
    pub(super) source: Arc<SourceName>,
    /// Whether events of the source were evaluated at all: only then *never seen* is known.
    pub(super) is_evaluated: bool,
    seen: Option<Arc<PersonSeen>>,
    previewed: Option<Arc<PersonSeen>>,
    pub(super) account: Option<Arc<StoredAccount>>,
    pub(super) facts: Vec<Arc<PersonFact>>,
}

impl Part {
    /// What they did, settled and previewed.
    pub(super) fn sightings(&self) -> impl Iterator<Item = &PersonSeen> {
        self.seen.iter().chain(&self.previewed).map(AsRef::as_ref)
    }

    /// Whether a text in small letters stands in a name, an e-mail address or a group.
    pub(super) fn is_called(&self, text: &str) -> bool {
        let groups = self.facts.iter().flat_map(|fact| &fact.groups);
        let mut all = self.names().chain(groups.map(String::as_str));
        all.any(|name| name.to_lowercase().contains(text))
    }

    /// What the person is called: names and e-mail addresses.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let account = self.account.as_ref().map(|stored| &stored.account);
        let of_account = account
            .into_iter()
            .flat_map(|account| [&account.name, &account.email]);
        let of_events = self.sightings().flat_map(|seen| [&seen.name, &seen.email]);
        of_account
            .chain(of_events)
            .filter_map(|name| name.as_deref())
    }
}

impl Person {
    /// Somebody of whom nothing is known but the id and what alerts call them.
    pub(super) fn stranger(id: &str, called: Option<&str>) -> Self {
        Self {
            id: id.into(),
            parts: Vec::new(),
            whole: Standing::default(),
            called: called.unwrap_or(id).to_lowercase().into(),
            search: format!("{id}\n{}", called.unwrap_or_default())
                .to_lowercase()
                .into(),
        }
    }

    /// What the sources in a scope know of the person.
    pub(crate) fn parts_in<'p>(
        &'p self,
        source: Option<&'p SourceName>,
        scope: &'p SourceScope,
    ) -> impl Iterator<Item = &'p Part> + Clone {
        self.parts.iter().filter(move |part| {
            source.is_none_or(|source| *source == *part.source) && scope.has(&part.source)
        })
    }
}

impl Directory {
    pub(crate) fn find(&self, id: &str) -> Option<&Person> {
        let place = self.people.binary_search_by(|person| (*person.id).cmp(id));
        self.people.get(place.ok()?)
    }
}

/// What the ledger had when it was read, and what came of it.
#[derive(Default)]
struct Read {
    providers: Vec<PeopleProvider>,
    sources: BTreeMap<SourceName, OfSource>,
    directory: Arc<Directory>,
}

/// What the ledger had of one source.
#[derive(Default)]
struct OfSource {
    /// Id and step of the evaluation; `None` where none was begun.
    evaluation: Option<(i64, i64)>,
    seen: HashMap<Box<str>, Arc<PersonSeen>>,
    previewed: HashMap<Box<str>, Arc<PersonSeen>>,
    accounts_read_at: Option<DateTime<Utc>>,
    accounts: Vec<Arc<StoredAccount>>,
    facts: Vec<Arc<PersonFact>>,
}

impl Services {
    /// Everybody who is known now. What has not changed since the last question is not read again.
    pub(crate) async fn directory(&self) -> Result<Arc<Directory>, ServiceError> {
        let mut memory = self.directory.0.lock().await;
        // Taken out meanwhile: what is half-way when the caller goes away is read anew.
        let mut read = memory.take().unwrap_or_default();
        if self.take_up(&mut read).await? {
            let merging = tokio::task::spawn_blocking(move || {
                let people = merged(&read.sources);
                read.directory = Arc::new(Directory { people });
                read
            });
            read = merging
                .await
                .map_err(|_| ServiceError::TaskDied("the merging of people"))?;
        }
        let directory = Arc::clone(&read.directory);
        *memory = Some(read);
        Ok(directory)
    }

    /// Reads what has changed; true where something has.
    async fn take_up(&self, read: &mut Read) -> Result<bool, ServiceError> {
        let ledger = &self.ledger;
        let providers = ledger.people_providers().await?;
        let has_new_facts = providers != read.providers;
        let sources = ledger.sources().await?.into_iter();
        let names: Vec<SourceName> = sources.map(|source| source.name).collect();
        let before = read.sources.len();
        read.sources.retain(|name, _| names.contains(name));
        let mut is_changed = before != read.sources.len();
        let generations = ledger.generations(&SourceScope::All).await?;
        for name in names {
            let is_new = !read.sources.contains_key(&name);
            let known = read.sources.entry(name.clone()).or_default();
            is_changed |= is_new;
            if has_new_facts || is_new {
                let facts = ledger.people_facts(&name).await?;
                known.facts = facts.into_iter().map(Arc::new).collect();
                is_changed = true;
            }
            let accounts_read_at = ledger.last_account_sync(&name).await?;
            if is_new || accounts_read_at != known.accounts_read_at {
                known.accounts = self.accounts_of(&name).await?;
                known.accounts_read_at = accounts_read_at;
                is_changed = true;
            }
            let generation = generations
                .iter()
                .find(|generation| generation.source == name);
            is_changed |= self.take_up_seen(known, generation).await?;
        }
        read.providers = providers;
        Ok(is_changed)
    }

    async fn take_up_seen(
        &self,
        known: &mut OfSource,
        generation: Option<&Generation>,
    ) -> Result<bool, ServiceError> {
        let evaluation = generation.map(|generation| (generation.id, generation.sequence));
        if evaluation == known.evaluation {
            return Ok(false);
        }
        let same = known
            .evaluation
            .filter(|(id, _)| evaluation.is_some_and(|(now, _)| now == *id));
        if same.is_none() {
            known.seen.clear();
        }
        known.previewed.clear();
        if let Some(generation) = generation {
            let after = same.map(|(_, sequence)| sequence);
            let seen = self.ledger.people_seen(generation, after).await?;
            known.seen.extend(by_person(seen.settled));
            known.previewed.extend(by_person(seen.previewed));
            let max = usize::try_from(PEOPLE_SEEN_MAX).unwrap_or(usize::MAX);
            make_room(&mut known.seen, max);
        }
        known.evaluation = evaluation;
        Ok(true)
    }

    async fn accounts_of(
        &self,
        source: &SourceName,
    ) -> Result<Vec<Arc<StoredAccount>>, ServiceError> {
        let mut accounts = Vec::new();
        let mut after = None;
        loop {
            let filter = AccountFilter {
                source: Some(source.clone()),
                after: after.take(),
                limit: ROWS_MAX,
                ..AccountFilter::default()
            };
            let page = self.ledger.accounts(filter).await?;
            after = page
                .last()
                .map(|last| (last.source.clone(), last.account.user_gid.clone()));
            if after.is_none() {
                return Ok(accounts);
            }
            accounts.extend(page.into_iter().map(Arc::new));
        }
    }
}

fn by_person(seen: Vec<PersonSeen>) -> impl Iterator<Item = (Box<str>, Arc<PersonSeen>)> {
    seen.into_iter()
        .map(|seen| (seen.person.as_str().into(), Arc::new(seen)))
}

/// Those who were not seen for longest go where there are too many.
fn make_room(seen: &mut HashMap<Box<str>, Arc<PersonSeen>>, max: usize) {
    if seen.len() <= max {
        return;
    }
    let mut times: Vec<DateTime<Utc>> = seen.values().map(|seen| seen.last_at).collect();
    let (_, oldest, _) = times.select_nth_unstable_by(max, |a, b| b.cmp(a));
    let oldest = *oldest;
    seen.retain(|_, seen| seen.last_at > oldest);
}

/// Everybody, merged over the sources.
fn merged(sources: &BTreeMap<SourceName, OfSource>) -> Vec<Person> {
    let mut people: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
    for (name, known) in sources {
        let name = Arc::new(name.clone());
        let facts = FactsBy::new(&known.facts);
        let mut parts: HashMap<&str, Part> = HashMap::with_capacity(known.seen.len());
        let new = || Part {
            source: Arc::clone(&name),
            is_evaluated: known.evaluation.is_some_and(|(_, sequence)| sequence > 0),
            seen: None,
            previewed: None,
            account: None,
            facts: Vec::new(),
        };
        for (id, seen) in &known.seen {
            parts.entry(id).or_insert_with(new).seen = Some(Arc::clone(seen));
        }
        for (id, seen) in &known.previewed {
            parts.entry(id).or_insert_with(new).previewed = Some(Arc::clone(seen));
        }
        for account in &known.accounts {
            let part = parts.entry(&account.account.user_gid).or_insert_with(new);
            part.account = Some(Arc::clone(account));
        }
        for (id, mut part) in parts {
            part.facts = facts.of(id, &part);
            people.entry(id).or_default().push(part);
        }
    }
    people
        .into_iter()
        .map(|(id, parts)| person(id, parts))
        .collect()
}

fn person(id: &str, parts: Vec<Part>) -> Person {
    let mut search = id.to_lowercase();
    let mut add = |text: &str| {
        let text = text.to_lowercase();
        if !search.split('\n').any(|known| known == text) {
            search.push('\n');
            search.push_str(&text);
        }
    };
    for part in &parts {
        part.names().for_each(&mut add);
        let groups = part.facts.iter().flat_map(|fact| &fact.groups);
        groups.for_each(|group| add(group));
    }
    let [name, email] = called(&parts.iter());
    Person {
        id: id.into(),
        whole: Standing::new(&parts.iter()),
        called: name.or(email).unwrap_or(id).to_lowercase().into(),
        parts,
        search: search.into(),
    }
}

/// Facts by gid and by e-mail address in small letters, which is how providers know people.
struct FactsBy<'f> {
    by_gid: HashMap<&'f str, Vec<&'f Arc<PersonFact>>>,
    by_email: HashMap<String, Vec<&'f Arc<PersonFact>>>,
}

impl<'f> FactsBy<'f> {
    fn new(facts: &'f [Arc<PersonFact>]) -> Self {
        let mut by = Self {
            by_gid: HashMap::new(),
            by_email: HashMap::new(),
        };
        for fact in facts {
            if let Some(gid) = &fact.gid {
                by.by_gid.entry(gid).or_default().push(fact);
            }
            if let Some(email) = &fact.email {
                by.by_email
                    .entry(email.to_lowercase())
                    .or_default()
                    .push(fact);
            }
        }
        by
    }

    fn of(&self, id: &str, part: &Part) -> Vec<Arc<PersonFact>> {
        let account = part.account.as_ref();
        let mut emails: Vec<String> = account
            .and_then(|stored| stored.account.email.as_deref())
            .into_iter()
            .chain(part.sightings().filter_map(|seen| seen.email.as_deref()))
            .chain(Some(id))
            .map(str::to_lowercase)
            .collect();
        emails.sort_unstable();
        emails.dedup();
        let by_email = emails.iter().filter_map(|email| self.by_email.get(email));
        let all = self.by_gid.get(id).into_iter().chain(by_email).flatten();
        let mut facts: Vec<Arc<PersonFact>> = Vec::new();
        for fact in all {
            if !facts.iter().any(|known| Arc::ptr_eq(known, fact)) {
                facts.push(Arc::clone(fact));
            }
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_not_seen_for_longest_make_room() {
        let seen = |second: i64| PersonSeen {
            person: second.to_string(),
            kind: "person".to_owned(),
            name: None,
            email: None,
            first_at: DateTime::UNIX_EPOCH,
            last_at: DateTime::from_timestamp(second, 0).unwrap(),
            events: 1,
        };
        let mut known: HashMap<_, _> = by_person((1..=5).map(seen).collect()).collect();
        make_room(&mut known, 5);
        assert_eq!(known.len(), 5);
        make_room(&mut known, 3);
        let mut left: Vec<&str> = known.keys().map(|id| &**id).collect();
        left.sort_unstable();
        assert_eq!(left, ["3", "4", "5"]);
    }
}
