use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yaml_serde::Value;

use super::error::{PolicyError, Problem};
use super::filters::FilterFile;
use super::yaml::Document;
use super::{Policy, frame, yaml};
use crate::activity::{self, OuterFilters};

/// Largest file of a policy, in bytes.
pub const POLICY_FILE_BYTES_MAX: usize = 256 * 1024;

/// Most policies in a pack.
pub const POLICIES_MAX: usize = 5_000;

/// How deep folders may nest.
const FOLDERS_DEEP_MAX: usize = 16;

/// Policies that were read together. A broken file is not among them and does not keep the others away.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// In the order of their files.
    pub policies: Vec<Arc<Policy>>,
    /// Files of filters, in the same order; [`Pack::attach_filters`] makes them narrow the policies.
    pub filters: Vec<Arc<FilterFile>>,
    /// What could not be read, and why.
    pub errors: Vec<PolicyError>,
}

impl Pack {
    /// Reads every `*.yml` and `*.yaml` under `folder`, in the order of their paths. Links to folders are not followed.
    pub fn load(folder: &Path) -> Self {
        let (paths, mut errors) = listed(folder);
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            match read_file(&path) {
                Ok(text) => files.push((path, text)),
                Err(error) => errors.push(error),
            }
        }
        let mut pack = Self::parse(&files);
        pack.errors.splice(0..0, errors);
        pack
    }

    /// The files that [`Pack::load`] would read, in order.
    pub fn files(folder: &Path) -> Vec<PathBuf> {
        listed(folder).0
    }

    /// Reads files whose paths and texts are given, in that order. The names of policies and the ids of Sigma rules must be
    /// theirs alone.
    pub fn parse(files: &[(PathBuf, String)]) -> Self {
        let mut pack = Self::default();
        let mut taken = HashMap::new();
        for (file, text) in files {
            if pack.policies.len() + pack.filters.len() == POLICIES_MAX {
                let problem = format!("more than {POLICIES_MAX} policies: this one is left out");
                pack.errors.push(PolicyError::new(file, problem));
                continue;
            }
            match parse_file(file, text, &mut taken) {
                Ok(Parsed::Policy(policy)) => pack.policies.push(policy),
                Ok(Parsed::Filters(filters)) => pack.filters.push(filters),
                Err(error) => pack.errors.push(error),
            }
        }
        pack
    }
}

fn listed(folder: &Path) -> (Vec<PathBuf>, Vec<PolicyError>) {
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    list(folder, FOLDERS_DEEP_MAX, &mut paths, &mut errors);
    paths.sort();
    (paths, errors)
}

fn list(folder: &Path, deep: usize, paths: &mut Vec<PathBuf>, errors: &mut Vec<PolicyError>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            errors.push(PolicyError::new(
                folder,
                format!("listing the folder: {error}"),
            ));
            return;
        }
    };
    for entry in entries {
        let path = match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
            Ok((path, kind)) if kind.is_dir() => {
                if deep == 0 {
                    let problem = format!("folders nested more than {FOLDERS_DEEP_MAX} deep");
                    errors.push(PolicyError::new(&path, problem));
                } else {
                    list(&path, deep - 1, paths, errors);
                }
                continue;
            }
            Ok((path, _)) => path,
            Err(error) => {
                errors.push(PolicyError::new(
                    folder,
                    format!("listing the folder: {error}"),
                ));
                continue;
            }
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yml" | "yaml")) && path.is_file() {
            paths.push(path);
        }
    }
}

fn read_file(path: &Path) -> Result<String, PolicyError> {
    let refuse =
        |error: &std::io::Error| PolicyError::new(path, format!("reading the file: {error}"));
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| refuse(&error))?;
    // One byte more than allowed, so that `parse` sees that it is too large.
    let most = u64::try_from(POLICY_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(|error| refuse(&error))?;
    Ok(text)
}

/// Names and ids, each with the file that has it.
type Taken = HashMap<String, PathBuf>;

/// What a file holds.
enum Parsed {
    Policy(Arc<Policy>),
    Filters(Arc<FilterFile>),
}

fn parse_file(file: &Path, text: &str, taken: &mut Taken) -> Result<Parsed, PolicyError> {
    if text.len() > POLICY_FILE_BYTES_MAX {
        let problem = format!("larger than {POLICY_FILE_BYTES_MAX} bytes");
        return Err(
            PolicyError::new(file, problem).advise("write each policy into a file of its own")
        );
    }
    let in_file = |problem: Problem| problem.in_file(file);
    let documents = yaml::read(text).map_err(in_file)?;
    if let Some(filters) = FilterFile::of(file, text, &documents) {
        OuterFilters::read(&filters)?;
        claim(file, None, &documents, taken).map_err(in_file)?;
        return Ok(Parsed::Filters(Arc::new(filters)));
    }
    let policy = frame::read_policy(file, &Arc::from(text), &documents).map_err(in_file)?;
    let policy = Arc::new(policy);
    activity::check(&policy)?;
    claim(file, Some(&policy), &documents, taken).map_err(in_file)?;
    Ok(Parsed::Policy(policy))
}

/// Takes the policy's name and the ids of its Sigma documents, all or none.
fn claim(
    file: &Path,
    policy: Option<&Policy>,
    documents: &[Document],
    taken: &mut Taken,
) -> Result<(), Problem> {
    let name = policy.map(|policy| (format!("the name `{}`", policy.id), None));
    let ids = documents.iter().filter_map(|document| {
        let id = document.value.get("id").and_then(Value::as_str)?;
        Some((
            format!("the id `{}`", id.to_lowercase()),
            Some(document.line),
        ))
    });
    let mut own = HashMap::new();
    for (what, line) in ids.chain(name) {
        let earlier = taken.get(&what).or_else(|| own.get(&what));
        if let Some(earlier) = earlier {
            let problem = format!("{what} is already taken by {}", earlier.display());
            return Err(Problem::new(line, problem).advise("give each policy its own"));
        }
        own.insert(what, file.to_owned());
    }
    taken.extend(own);
    Ok(())
}

#[cfg(test)]
mod tests;
