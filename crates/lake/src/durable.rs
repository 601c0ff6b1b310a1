//! A local folder as an object store that syncs what it writes.
//!
//! `object_store`'s own local store never calls `fsync` (`lake.md`, "Durability gap"), so a power loss could leave a commit whose
//! files are empty. This wrapper syncs each file and the folders above it before it says that the file is written. It also refuses
//! to write once the lake's folder was removed or replaced: the plain store would quietly create it again, with half a table in it.

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use deltalake::Path;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

use crate::LakeError;

/// The text by which the rest of the crate recognises a folder that went away.
pub(crate) const GONE: &str = "the lake folder was removed or replaced";

#[derive(Debug, Clone)]
pub(crate) struct DurableFolder {
    files: Arc<LocalFileSystem>,
    folder: PathBuf,
    identity: (u64, u64),
}

impl DurableFolder {
    pub(crate) fn new(folder: &FilePath) -> std::result::Result<Self, LakeError> {
        std::fs::create_dir_all(folder).map_err(|source| LakeError::Folder {
            doing: "creating the lake folder",
            path: folder.display().to_string(),
            source,
        })?;
        let identity = identity(folder).map_err(|source| LakeError::Folder {
            doing: "reading the lake folder",
            path: folder.display().to_string(),
            source,
        })?;
        Ok(Self {
            files: Arc::new(LocalFileSystem::new()),
            folder: folder.to_path_buf(),
            identity,
        })
    }

    fn check(&self) -> Result<()> {
        match identity(&self.folder) {
            Ok(found) if found == self.identity => Ok(()),
            _ => Err(object_store::Error::Generic {
                store: "lake folder",
                source: GONE.into(),
            }),
        }
    }

    /// Syncs the file at `location` and every folder from it up to the lake's.
    async fn sync(&self, location: &Path) -> Result<()> {
        let path = self.files.path_to_filesystem(location)?;
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || sync_up(&path, &folder))
            .await
            .map_err(|error| generic(error.into()))?
            .map_err(|error| generic(error.into()))
    }
}

fn identity(folder: &FilePath) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(folder).map(|metadata| (metadata.dev(), metadata.ino()))
}

fn sync_up(path: &FilePath, folder: &FilePath) -> std::io::Result<()> {
    File::open(path)?.sync_all()?;
    for above in path.ancestors().skip(1) {
        File::open(above)?.sync_all()?;
        if above == folder || !above.starts_with(folder) {
            break;
        }
    }
    Ok(())
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> object_store::Error {
    object_store::Error::Generic {
        store: "lake folder",
        source,
    }
}

impl fmt::Display for DurableFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DurableFolder({})", self.folder.display())
    }
}

#[async_trait]
impl ObjectStore for DurableFolder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.check()?;
        let result = self.files.put_opts(location, payload, options).await?;
        self.sync(location).await?;
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.check()?;
        let upload = self.files.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload {
            upload,
            folder: self.clone(),
            location: location.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.check()?;
        self.files.copy_opts(from, to, options).await?;
        self.sync(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check()?;
        self.files.rename_opts(from, to, options).await?;
        self.sync(to).await
    }
}

#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    folder: DurableFolder,
    location: Path,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.folder.check()?;
        let result = self.upload.complete().await?;
        self.folder.sync(&self.location).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}
