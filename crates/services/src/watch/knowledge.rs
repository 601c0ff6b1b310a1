use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_detect::enrich::{
    Agents, EnrichError, Enricher, FEED_BYTES_MAX, Feed, FeedSource, OwnRange, OwnRanges,
    PLACES_BYTES_MAX, Places, PlacesFile, Supported, read_file,
};
use drishti_detect::{Pack, Policy, PolicyError, PolicyId};
use drishti_ledger::{IpRange, OwnPolicy, PolicySettings};
use url::Url;

use crate::ServiceError;
use crate::policies::Origin;

/// Where what is known comes from.
#[derive(Clone, Debug, Default)]
pub struct KnowledgeFiles {
    /// The policies that come with the program: path and text.
    pub shipped: Vec<(PathBuf, String)>,
    /// A folder of the owner's policies. One that has the name of a shipped policy takes its place.
    pub folder: Option<PathBuf>,
    /// Files that say where addresses are (`docs/ENRICHMENT.md`).
    pub places: Vec<PathBuf>,
    /// Lists of addresses.
    pub feeds: Vec<NamedFile>,
    /// What is known of those files of places and lists of addresses besides.
    pub origins: BTreeMap<PathBuf, TableOrigin>,
}

/// Where a file of places or a list of addresses comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOrigin {
    /// The address that it is fetched from; it may hold a licence key. `None` for a file of the owner's.
    pub address: Option<Url>,
    /// Under which licence it is used.
    pub licence: Option<String>,
}

/// A file with a name that is not its path's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What detection and enrichment go by. It never changes; when a file or a range does, a new one is made.
#[derive(Debug)]
pub struct Knowledge {
    /// All policies, without what was set about them.
    pub pack: Pack,
    /// Where those come from that did not come with the program.
    origins: HashMap<PolicyId, Origin>,
    /// Tells what is known of addresses and user agents.
    pub enricher: Enricher,
    /// Why a range of the owner's is left out.
    left_out: Vec<String>,
}

/// Something about what is known that the owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeWarning {
    /// What is wrong.
    pub found: String,
    /// What to do about it.
    pub advice: String,
}

impl Knowledge {
    /// Reads the files, and what was written here. A policy that can't be read disables itself only ([`Knowledge::pack`] says which); a file of places or
    /// addresses that can't be read is an error, because without it events would be taken for ones of which nothing is known.
    pub fn read(
        files: &KnowledgeFiles,
        ranges: &[IpRange],
        own: &[OwnPolicy],
    ) -> Result<Self, ServiceError> {
        let places = files
            .places
            .iter()
            .map(|path| places_file(path))
            .collect::<Result<Vec<_>, EnrichError>>()?;
        let feeds = files
            .feeds
            .iter()
            .map(feed)
            .collect::<Result<Vec<_>, EnrichError>>()?;
        let (ranges, left_out) = own_ranges(ranges);
        let enricher = Enricher::new(
            Places::new(places)?,
            ranges,
            feeds,
            Agents::new(Supported::default()),
        )?;
        let (pack, origins) = packed(files, own);
        Ok(Self {
            pack,
            origins,
            enricher,
            left_out,
        })
    }

    /// Where a policy of the pack comes from.
    pub fn origin(&self, policy: &PolicyId) -> Origin {
        let origin = self.origins.get(policy);
        origin.copied().unwrap_or(Origin::Shipped)
    }

    /// The policies with what was set about them.
    pub fn policies_with(&self, settings: &[PolicySettings]) -> Vec<Arc<Policy>> {
        self.pack
            .policies
            .iter()
            .map(|policy| {
                let set = settings.iter().find(|set| set.policy == policy.id.as_str());
                set.map_or_else(|| Arc::clone(policy), |set| with(policy, set))
            })
            .collect()
    }

    /// A policy that is not in the pack, with the filters that would narrow it there.
    pub fn narrowed(&self, policy: Arc<Policy>) -> Arc<Policy> {
        let mut pack = Pack {
            policies: vec![Arc::clone(&policy)],
            filters: self.pack.filters.clone(),
            errors: Vec::new(),
        };
        pack.attach_filters();
        pack.policies.pop().unwrap_or(policy)
    }

    /// What is old or could not be read.
    pub fn warnings(&self, now: DateTime<Utc>) -> Vec<KnowledgeWarning> {
        let broken = self.pack.errors.iter().map(|error| KnowledgeWarning {
            found: format!("a policy is left out: {error}"),
            advice: "Correct the file; `drishti policies lint` checks it.".to_owned(),
        });
        let left_out = self.left_out.iter().map(|problem| KnowledgeWarning {
            found: format!("an own range is left out: {problem}"),
            advice: "`drishti ranges change` or `remove` mends it.".to_owned(),
        });
        let old = |what: &str, name: &str| {
            KnowledgeWarning {
            found: format!("the {what} `{name}` are old"),
            advice: "Fetch newer ones; `drishti geo update` does where the configuration has their address.".to_owned(),
        }
        };
        let old_places = self
            .enricher
            .places()
            .files()
            .iter()
            .filter(|file| file.is_old(now) == Some(true))
            .map(|file| old("places of", file.name()));
        let old_feeds = self
            .enricher
            .feeds()
            .iter()
            .filter(|feed| feed.is_old(now) == Some(true))
            .map(|feed| old("addresses of feed", &feed.source().name));
        broken
            .chain(left_out)
            .chain(old_places)
            .chain(old_feeds)
            .collect()
    }
}

/// The owner's ranges. Those that can't be read, or have a network of one before, are left out and told: whoever sets them checks them,
/// but two people may do so at the same moment, and nothing may keep events from being stored.
fn own_ranges(stored: &[IpRange]) -> (OwnRanges, Vec<String>) {
    let mut left_out = Vec::new();
    let mut ranges = Vec::with_capacity(stored.len());
    for range in stored {
        match serde_json::from_str::<OwnRange>(&range.range) {
            Ok(range) => ranges.push(range),
            Err(problem) => left_out.push(format!("`{}` can't be read: {problem}", range.name)),
        }
    }
    if let Ok(all) = OwnRanges::new(ranges.clone()) {
        return (all, left_out);
    }
    let mut fitting = OwnRanges::default();
    for range in ranges {
        let more = fitting.ranges().iter().cloned().chain([range]).collect();
        match OwnRanges::new(more) {
            Ok(more) => fitting = more,
            Err(error) => left_out.push(error.to_string()),
        }
    }
    (fitting, left_out)
}

/// The owner's policies in files, those shipped ones whose names they don't have, and those that were written here and have a name of
/// their own.
fn packed(files: &KnowledgeFiles, own: &[OwnPolicy]) -> (Pack, HashMap<PolicyId, Origin>) {
    let in_files = match &files.folder {
        Some(folder) if folder.is_dir() => Pack::load(folder),
        _ => Pack::default(),
    };
    let mut origins: HashMap<PolicyId, Origin> = HashMap::new();
    let mut pack = Pack::parse(&files.shipped);
    pack.policies.retain(|shipped| {
        let mut others = in_files.policies.iter();
        others.all(|policy| policy.id != shipped.id)
    });
    for policy in in_files.policies {
        origins.insert(policy.id.clone(), Origin::File);
        pack.policies.push(policy);
    }
    pack.errors.extend(in_files.errors);
    let texts: Vec<(PathBuf, String)> = own
        .iter()
        .map(|own| {
            (
                PathBuf::from(format!("{}.yml", own.policy)),
                own.text.clone(),
            )
        })
        .collect();
    let written = Pack::parse(&texts);
    pack.errors.extend(written.errors);
    for policy in written.policies {
        let taken = pack.policies.iter().find(|known| known.id == policy.id);
        if let Some(taken) = taken {
            let problem = format!("its name is taken by {}", taken.file.display());
            let error = PolicyError::new(&policy.file, problem);
            pack.errors
                .push(error.advise("save it under another name, and remove this one"));
            continue;
        }
        origins.insert(policy.id.clone(), Origin::Own);
        pack.policies.push(policy);
    }
    pack.filters = in_files.filters;
    pack.attach_filters();
    (pack, origins)
}

fn with(policy: &Arc<Policy>, set: &PolicySettings) -> Arc<Policy> {
    let mut policy = Policy::clone(policy);
    let overrides = &set.overrides;
    let mode = overrides.mode.as_deref().map(|mode| format!("\"{mode}\""));
    if let Some(mode) = mode.and_then(|mode| serde_json::from_str(&mode).ok()) {
        policy.mode = mode;
    }
    let scope = overrides.scope.as_deref();
    if let Some(scope) = scope.and_then(|scope| serde_json::from_str(scope).ok()) {
        policy.scope = scope;
    }
    if let Some(severity) = overrides.severity {
        policy.severity = severity;
        policy.severity_is_set = true;
    }
    let parameters = overrides.parameters.as_deref();
    if let drishti_detect::PolicyKind::Anomaly {
        parameters: those_of_file,
        ..
    } = &mut policy.kind
        && let Some(changed) = parameters.and_then(|text| {
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).ok()
        })
    {
        those_of_file.extend(changed);
    }
    Arc::new(policy)
}

fn places_file(path: &Path) -> Result<PlacesFile, EnrichError> {
    let bytes = read_file(path, PLACES_BYTES_MAX)?;
    PlacesFile::parse(&path.display().to_string(), bytes, modified(path))
}

fn feed(file: &NamedFile) -> Result<Feed, EnrichError> {
    let bytes = read_file(&file.path, FEED_BYTES_MAX)?;
    let source = FeedSource {
        as_of: modified(&file.path),
        ..FeedSource::named(&file.name)?
    };
    Feed::parse(source, None, &bytes)
}

/// How old a file is that doesn't say so itself.
pub(crate) fn modified(path: &Path) -> Option<DateTime<Utc>> {
    let time = std::fs::metadata(path).and_then(|file| file.modified());
    time.ok().map(DateTime::from)
}
