use std::sync::Mutex;

use drishti_model::{EnrichedEvent, SourceName};

use super::*;
use crate::{Lake, LakeLocation};

type Synced = Arc<Mutex<Vec<PathBuf>>>;

/// A lake whose synced paths are written down instead.
async fn recorded(path: &FilePath) -> (Lake, Synced) {
    let synced = Synced::default();
    let record = Arc::clone(&synced);
    let folder = DurableFolder::with_sync(
        path,
        Arc::new(move |path: &FilePath| {
            record.lock().unwrap().push(path.to_path_buf());
            Ok(())
        }),
    );
    let folder = folder.unwrap();
    let location = LakeLocation::folder(path).unwrap();
    let lake = Lake::open_on(location, Arc::new(folder.clone()), Some(folder)).await;
    (lake.unwrap(), synced)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_returns_after_all_of_it_is_synced_in_order() {
    let parent = tempfile::tempdir().unwrap();
    let (lake, synced) = recorded(&parent.path().join("new/lake")).await;
    // Folders that came new are entries of the folders above them.
    for above in ["new/lake", "new", ""] {
        assert!(synced.lock().unwrap().contains(&parent.path().join(above)));
    }
    synced.lock().unwrap().clear();
    let source = SourceName::new("a").unwrap();
    let mut append = lake
        .append(&source, 1, chrono::DateTime::UNIX_EPOCH)
        .await
        .unwrap();
    append.write(&[EnrichedEvent::default()]).await.unwrap();
    append.commit().await.unwrap();
    let synced = synced.lock().unwrap().clone();
    let mut rest = synced.iter();
    for next in [
        ".parquet#1",
        "event_date=1970-01-01",
        "new/lake",
        "00000000000000000001.json#1",
        LOG_FOLDER,
    ] {
        let found = rest.any(|path| path.to_str().unwrap().ends_with(next));
        assert!(found, "{next} was not synced, or too early: {synced:#?}");
    }
}

#[tokio::test]
async fn a_file_in_parts_is_synced_when_it_is_complete() {
    let parent = tempfile::tempdir().unwrap();
    let (lake, synced) = recorded(parent.path()).await;
    let folder = lake.0.folder.clone().unwrap();
    let path = parent.path().join("event_date=1970-01-01/large.parquet");
    let location = Path::from_absolute_path(&path).unwrap();
    let options = PutMultipartOptions::default();
    let mut upload = folder.put_multipart_opts(&location, options).await.unwrap();
    upload.put_part("one".into()).await.unwrap();
    synced.lock().unwrap().clear();
    upload.complete().await.unwrap();
    let day = path.parent().unwrap().to_path_buf();
    let expected = [path, day, parent.path().to_path_buf()];
    assert_eq!(*synced.lock().unwrap(), expected);
}

#[test]
fn syncing_asks_the_system() {
    let folder = tempfile::tempdir().unwrap();
    sync_path(folder.path()).unwrap();
    // Only a call that reaches the system learns that this device can't be synced.
    assert!(sync_path(FilePath::new("/dev/null")).is_err());
    assert!(sync_path(&folder.path().join("missing")).is_err());
}

#[tokio::test]
async fn a_name_is_given_once_and_no_left_over_stands_in_the_way() {
    let parent = tempfile::tempdir().unwrap();
    let folder = DurableFolder::open(parent.path()).unwrap();
    let path = Path::from_absolute_path(parent.path().join("_delta_log/x.json")).unwrap();
    let put = |text: &'static str, mode: PutMode| {
        let (folder, path) = (folder.clone(), path.clone());
        async move { folder.put_opts(&path, text.into(), mode.into()).await }
    };
    // What a process left that was killed here.
    let left_over = parent.path().join("_delta_log/x.json#1");
    fs::write(&left_over, "half").unwrap();
    put("one", PutMode::Create).await.unwrap();
    let refused = put("two", PutMode::Create).await.unwrap_err();
    assert!(
        matches!(refused, object_store::Error::AlreadyExists { .. }),
        "{refused:?}"
    );
    let read = || fs::read_to_string(parent.path().join("_delta_log/x.json")).unwrap();
    assert_eq!(read(), "one");
    put("three", PutMode::Overwrite).await.unwrap();
    assert_eq!(read(), "three");
    let names = fs::read_dir(parent.path().join(LOG_FOLDER))
        .unwrap()
        .count();
    assert_eq!(names, 2, "the file and the left-over");
    assert_eq!(folder.sweep(Duration::from_hours(1)).unwrap(), 0);
    assert_eq!(folder.sweep(Duration::ZERO).unwrap(), 1);
    assert!(!left_over.exists());
    assert_eq!(read(), "three");
}
