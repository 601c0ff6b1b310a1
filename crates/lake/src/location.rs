use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use url::Url;

use crate::LakeError;
use crate::durable::DurableFolder;

/// Where a lake is: a folder, or a prefix in an object store.
#[derive(Clone)]
pub struct LakeLocation {
    url: Url,
    options: BTreeMap<String, String>,
}

impl std::fmt::Debug for LakeLocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "LakeLocation({})", self.address())
    }
}

impl LakeLocation {
    /// The folder `path`, which need not exist yet.
    pub fn folder(path: &Path) -> Result<Self, LakeError> {
        let absolute = std::path::absolute(path).map_err(|source| LakeError::Folder {
            doing: "finding the lake folder",
            path: path.display().to_string(),
            source,
        })?;
        let url = Url::from_directory_path(&absolute).map_err(|()| LakeError::Location {
            address: absolute.display().to_string(),
            reason: "it is no absolute path".to_owned(),
        })?;
        Ok(Self {
            url,
            options: BTreeMap::new(),
        })
    }

    /// A folder, `file://…`, `s3://bucket/prefix`, `az://…` or `gs://…`. `options` are the store's settings by the names that the
    /// crate `object_store` documents, such as `aws_endpoint`, `aws_access_key_id`, `aws_region` or `allow_http`.
    pub fn parse(address: &str, options: BTreeMap<String, String>) -> Result<Self, LakeError> {
        let Ok(mut url) = Url::parse(address) else {
            return Self::folder(Path::new(address));
        };
        match url.scheme() {
            "file" => match url.to_file_path() {
                Ok(path) => Self::folder(&path),
                Err(()) => Err(LakeError::Location {
                    address: address.to_owned(),
                    reason:
                        "a file address names an absolute path, as in file:///var/lib/drishti/lake"
                            .to_owned(),
                }),
            },
            "s3" | "s3a" | "az" | "azure" | "abfs" | "abfss" | "gs" => {
                if !url.username().is_empty() || url.password().is_some() {
                    return Err(LakeError::Location {
                        address: format!("{}://…", url.scheme()),
                        reason: "credentials do not belong into the address; give them as options or environment variables".to_owned(),
                    });
                }
                if !url.path().ends_with('/') {
                    url.set_path(&format!("{}/", url.path()));
                }
                Ok(Self { url, options })
            }
            scheme => Err(LakeError::Location {
                address: address.to_owned(),
                reason: format!("`{scheme}` is not one of file, s3, az, abfs, gs"),
            }),
        }
    }

    /// The address for people and errors; it holds no credentials.
    pub fn address(&self) -> String {
        self.folder_path()
            .map_or_else(|| self.url.to_string(), |path| path.display().to_string())
    }

    /// The folder, where the lake is in one.
    pub fn folder_path(&self) -> Option<PathBuf> {
        (self.url.scheme() == "file")
            .then(|| self.url.to_file_path().ok())
            .flatten()
            // Collected anew, the path loses the slash at its end.
            .map(|path| path.components().collect())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The store whose root is the whole file system or bucket, as Delta expects it; and the folder behind it, where there is one.
    pub(crate) fn store(&self) -> Result<(Arc<dyn ObjectStore>, Option<DurableFolder>), LakeError> {
        if let Some(path) = self.folder_path() {
            let folder = DurableFolder::open(&path)?;
            return Ok((Arc::new(folder.clone()), Some(folder)));
        }
        let (store, _) =
            object_store::parse_url_opts(&self.url, &self.options).map_err(|error| {
                LakeError::Location {
                    address: self.address(),
                    reason: error.to_string(),
                }
            })?;
        Ok((Arc::from(store), None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_a_reason() {
        let read = |address: &str| LakeLocation::parse(address, BTreeMap::new());
        assert!(read("s3://bucket/prefix").unwrap().folder_path().is_none());
        assert_eq!(
            read("file:///var/lake").unwrap().folder_path(),
            Some(PathBuf::from("/var/lake"))
        );
        assert!(
            read("relative/folder")
                .unwrap()
                .folder_path()
                .unwrap()
                .is_absolute()
        );
        let refused = read("https://example.org/lake").unwrap_err().to_string();
        assert!(refused.contains("not one of"), "{refused}");
        let refused = read("s3://key:hidden@bucket/lake").unwrap_err().to_string();
        assert!(!refused.contains("hidden"), "{refused}");
    }
}
