//! A local folder as an object store that syncs what it writes.
//!
//! `object_store`'s own local store never calls `fsync` (`lake.md`, "Durability gap"), so a power loss could leave a commit whose
//! files are empty. This wrapper syncs each file and the folders above it before it says that the file is written; a file that is
//! put in one piece, as each log entry is, is synced before it gets its name, so that no reader ever sees half of one. It also
//! refuses to write once the lake's folder was removed or replaced: the plain store would quietly create it again, with half a
//! table in it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deltalake::Path;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};

use crate::LakeError;

/// The folder of the Delta log inside the lake's.
pub(crate) const LOG_FOLDER: &str = "_delta_log";

/// Makes one file or folder survive a power loss.
type Sync = Arc<dyn Fn(&FilePath) -> io::Result<()> + Send + std::marker::Sync>;

/// The lake's folder. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DurableFolder {
    files: Arc<LocalFileSystem>,
    folder: Arc<Place>,
    log: Arc<Place>,
    sync: Sync,
}

/// A folder that is held open: as long as it is, no other can have its number.
struct Place {
    path: PathBuf,
    open: File,
}

impl Place {
    fn open(path: PathBuf) -> io::Result<Self> {
        let open = File::open(&path)?;
        Ok(Self { path, open })
    }

    /// Whether the path still leads to this folder.
    fn stands(&self) -> bool {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        match (fs::metadata(&self.path), self.open.metadata()) {
            (Ok(now), Ok(then)) => identity(now) == identity(then),
            _ => false,
        }
    }
}

impl DurableFolder {
    /// Opens the folder of a lake, which is created where it is missing.
    pub(crate) fn open(folder: &FilePath) -> std::result::Result<Self, LakeError> {
        Self::with_sync(folder, Arc::new(sync_path))
    }

    fn with_sync(folder: &FilePath, sync: Sync) -> std::result::Result<Self, LakeError> {
        let failed = |doing: &'static str| {
            let path = folder.display().to_string();
            move |source| LakeError::Folder {
                doing,
                path,
                source,
            }
        };
        let log = folder.join(LOG_FOLDER);
        create_folders(&log, &sync).map_err(failed("creating the lake folder"))?;
        let open = |path| {
            Place::open(path)
                .map(Arc::new)
                .map_err(failed("reading the lake folder"))
        };
        Ok(Self {
            files: Arc::new(LocalFileSystem::new()),
            folder: open(folder.to_path_buf())?,
            log: open(log)?,
            sync,
        })
    }

    /// Whether this is still the folder that was opened.
    pub(crate) fn stands(&self) -> bool {
        self.folder.stands() && self.log.stands()
    }

    /// Whether the log reaches `version`: has its entry, or where that was cleaned away a later one.
    pub(crate) fn reaches(&self, version: u64) -> bool {
        let newest = format!("{version:020}");
        if self.log.path.join(format!("{newest}.json")).exists() {
            return true;
        }
        let Ok(entries) = fs::read_dir(&self.log.path) else {
            return false;
        };
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.get(..newest.len()));
            version.is_some_and(|version| {
                version.bytes().all(|digit| digit.is_ascii_digit()) && *version >= *newest
            })
        })
    }

    /// Removes what broken-off writes left behind under `#`-names, which no listing shows, where it is older than `age`.
    /// Returns how many files.
    pub(crate) fn sweep(&self, age: Duration) -> io::Result<u64> {
        // The age is taken against the file system's own clock, as its times are.
        let probe = stage(&self.log.path.join("clock"), &[])?;
        let now = fs::metadata(&probe)?.modified()?;
        fs::remove_file(probe)?;
        let mut folders = vec![self.folder.path.clone()];
        let mut swept = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let metadata = entry.metadata()?;
                let old = now
                    .duration_since(metadata.modified()?)
                    .is_ok_and(|lived| lived >= age);
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else if old && is_staged(&entry.path()) {
                    fs::remove_file(entry.path())?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    fn check(&self) -> Result<()> {
        if self.stands() {
            return Ok(());
        }
        Err(generic("the lake folder was removed or replaced"))
    }

    /// Syncs the file at `location` and every folder from it up to the lake's.
    async fn sync_up(&self, location: &Path) -> Result<()> {
        let path = self.files.path_to_filesystem(location)?;
        let this = self.clone();
        blocking(move || this.sync_folders((this.sync)(&path), &path)).await
    }

    fn sync_folders(&self, before: io::Result<()>, path: &FilePath) -> io::Result<()> {
        before?;
        for above in path.ancestors().skip(1) {
            (self.sync)(above)?;
            if above == self.folder.path {
                break;
            }
        }
        Ok(())
    }

    /// Writes a whole file under a passing name, syncs it, and only then gives it its own.
    fn put_whole(&self, path: &FilePath, payload: &PutPayload, create: bool) -> io::Result<()> {
        let parts: Vec<&[u8]> = payload.iter().map(AsRef::as_ref).collect();
        let staged = match stage(path, &parts) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create_folders(path.parent().unwrap_or(path), &self.sync)?;
                stage(path, &parts)?
            }
            other => other?,
        };
        let named = (self.sync)(&staged).and_then(|()| {
            if create {
                fs::hard_link(&staged, path)
            } else {
                fs::rename(&staged, path)
            }
        });
        if create || named.is_err() {
            fs::remove_file(&staged)?;
        }
        self.sync_folders(named, path)
    }
}

fn sync_path(path: &FilePath) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Creates `folder` and what is missing above it, and syncs the folders that got an entry by it.
fn create_folders(folder: &FilePath, sync: &Sync) -> io::Result<()> {
    let missing: Vec<_> = folder
        .ancestors()
        .take_while(|above| !above.exists())
        .collect();
    fs::create_dir_all(folder)?;
    missing
        .iter()
        .filter_map(|above| above.parent())
        .try_for_each(|parent| sync(parent))
}

/// Writes a new file `path#1`, or with the next number that is free: names that the plain store never lists.
fn stage(path: &FilePath, parts: &[&[u8]]) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{number}"));
        let staged = PathBuf::from(name);
        let mut file = match File::create_new(&staged) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        if let Err(error) = parts.iter().try_for_each(|part| file.write_all(part)) {
            fs::remove_file(&staged)?;
            return Err(error);
        }
        return Ok(staged);
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn is_staged(path: &FilePath) -> bool {
    let number = path
        .file_name()
        .and_then(|name| name.to_str()?.rsplit_once('#'))
        .map(|(_, number)| number);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(generic)?
        .map_err(generic)
}

fn generic(
    source: impl Into<Box<dyn std::error::Error + Send + std::marker::Sync>>,
) -> object_store::Error {
    object_store::Error::Generic {
        store: "lake folder",
        source: source.into(),
    }
}

impl fmt::Debug for DurableFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DurableFolder({})", self.folder.path.display())
    }
}

impl fmt::Display for DurableFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
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
        let create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return self.files.put_opts(location, payload, options).await,
        };
        let path = self.files.path_to_filesystem(location)?;
        let (this, target) = (self.clone(), path.clone());
        let put = tokio::task::spawn_blocking(move || this.put_whole(&target, &payload, create))
            .await
            .map_err(generic)?;
        match put {
            Ok(()) => Ok(PutResult {
                e_tag: None,
                version: None,
            }),
            Err(source) if source.kind() == ErrorKind::AlreadyExists => {
                Err(object_store::Error::AlreadyExists {
                    path: path.display().to_string(),
                    source: source.into(),
                })
            }
            Err(source) => Err(generic(source)),
        }
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
        self.sync_up(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check()?;
        self.files.rename_opts(from, to, options).await?;
        self.sync_up(to).await
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
        self.folder.sync_up(&self.location).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

#[cfg(test)]
mod tests;
