//! Damage from outside: cut log entries, a vanished folder, a folder that can't be written.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use drishti_lake::{EventFilter, Lake, LakeError, LakeLocation, QueryLimits};

use crate::house::{House, enriched, events, files, noon, open, put, rows, source, try_put};

fn entry(lake: &Path, version: u64) -> PathBuf {
    lake.join(format!("_delta_log/{version:020}.json"))
}

type Damage = fn(&Path);

/// Opens a lake that must need mending, and returns it with what was set aside.
async fn mend(folder: &Path) -> (Lake, Vec<String>) {
    let location = LakeLocation::folder(folder).unwrap();
    let (lake, repair) = Lake::open(location).await.unwrap();
    (lake, repair.set_aside)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_last_log_entry_is_set_aside() {
    let damages: [(&str, Damage); 5] = [
        ("empty", |path| fs::write(path, "").unwrap()),
        ("zeros", |path| fs::write(path, [0; 512]).unwrap()),
        ("garbage", |path| {
            fs::write(path, "\u{1}\u{2} {}\n").unwrap();
        }),
        ("cut", |path| {
            let length = fs::metadata(path).unwrap().len();
            let file = OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(length / 2).unwrap();
        }),
        ("half a second line", |path| {
            fs::write(path, "{\"commitInfo\":{}}\n{\"add\":").unwrap();
        }),
    ];
    for (name, damage) in damages {
        let house = House::new().await;
        for batch in 0..3 {
            put(&house.lake, "a", &events(batch * 10..batch * 10 + 10)).await;
        }
        damage(&entry(&house.path(), 3));
        let (lake, set_aside) = mend(&house.path()).await;
        let aside = format!("{}.damaged", entry(&house.path(), 3).display());
        assert_eq!(set_aside, std::slice::from_ref(&aside), "{name}");
        assert!(Path::new(&aside).exists());
        assert_eq!(rows(&lake).await, 20, "{name}");
        assert_eq!(lake.last_sequence(&source("a")).await.unwrap(), 2);
        // Its span is collected again.
        assert_eq!(put(&lake, "a", &events(15..30)).await.stored, 10, "{name}");
        assert_eq!(rows(&lake).await, 30);
        assert_eq!(mend(&house.path()).await.1, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_last_checkpoint_is_set_aside() {
    let house = House::new().await;
    for gid in 0..50 {
        put(&house.lake, "a", &events([gid])).await;
    }
    let log = house.path().join("_delta_log");
    let checkpoint = files(&log, ".checkpoint.parquet").remove(0);
    fs::write(&checkpoint, "PAR1").unwrap();
    fs::remove_file(log.join("_last_checkpoint")).unwrap();
    let (lake, set_aside) = mend(&house.path()).await;
    assert_eq!(set_aside, [format!("{}.damaged", checkpoint.display())]);
    assert_eq!(rows(&lake).await, 50);
    put(&lake, "a", &events([50])).await;
    assert_eq!(rows(&open(&house.path()).await).await, 51);
}

/// Every door of the lake, each of which must say that the folder is gone.
async fn expect_gone(lake: &Lake) {
    let limits = QueryLimits::default();
    let filter = EventFilter::default();
    let day = noon().date_naive();
    let hour = std::time::Duration::from_hours(1);
    let errors = [
        lake.last_sequence(&source("a")).await.err(),
        try_put(lake, "a", 2, &events(0..5)).await.err(),
        lake.query("select 1", &limits, &[]).await.err(),
        lake.events(&filter, None, 10).await.err(),
        lake.histogram(&filter, hour).await.err(),
        lake.compact().await.err(),
        lake.retain(day).await.err(),
        lake.vacuum(TimeDelta::zero()).await.err(),
        lake.statistics().await.err(),
    ];
    for (index, error) in errors.iter().enumerate() {
        let gone = error.as_ref().is_some_and(LakeError::is_gone);
        assert!(gone, "door {index}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_folder_is_missed_and_not_made_again() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    let mut append = house.lake.append(&source("a"), 2, noon()).await.unwrap();
    append.write(&enriched(&events(10..20))).await.unwrap();
    fs::remove_dir_all(house.path()).unwrap();
    let error = append.write(&enriched(&events(2_000..2_010))).await.err();
    assert!(error.is_none_or(|error| error.is_gone()));
    let error = append.commit().await.unwrap_err();
    assert!(error.is_gone(), "{error:?}");
    expect_gone(&house.lake).await;
    assert!(!house.path().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_folder_is_not_taken_for_the_old_one() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    fs::remove_dir_all(house.path()).unwrap();
    let other = open(&house.path()).await;
    put(&other, "b", &events(0..3)).await;
    put(&other, "b", &events(3..6)).await;
    expect_gone(&house.lake).await;
    assert_eq!(rows(&other).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_folder_is_missed_too() {
    for emptied in ["", "_delta_log"] {
        let house = House::new().await;
        put(&house.lake, "a", &events(0..10)).await;
        for entry in fs::read_dir(house.path().join(emptied)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        expect_gone(&house.lake).await;
        assert!(files(&house.path(), ".json").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_comes_back_is_used_again() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    let elsewhere = house.path().with_extension("elsewhere");
    fs::rename(house.path(), &elsewhere).unwrap();
    expect_gone(&house.lake).await;
    fs::rename(&elsewhere, house.path()).unwrap();
    assert_eq!(put(&house.lake, "a", &events(5..15)).await.stored, 5);
    assert_eq!(rows(&house.lake).await, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_place_of_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lake");
    fs::write(&path, "no folder").unwrap();
    let error = Lake::open(LakeLocation::folder(&path).unwrap())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, LakeError::Folder { .. }), "{error:?}");
    assert_eq!(
        text,
        format!("creating the lake folder `{}`", path.display())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_cannot_be_written_fails_the_batch_and_no_other() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    // Permissions don't stop root; a file where the folder should be stops everyone.
    let blocked = house.path().join("event_date=2026-03-02");
    fs::write(&blocked, "in the way").unwrap();
    let day = 24 * 60;
    let batch = events([20, day + 1, 2 * day]);
    let error = try_put(&house.lake, "a", 2, &batch).await.unwrap_err();
    assert!(matches!(error, LakeError::Append { .. }), "{error:?}");
    assert_eq!(rows(&house.lake).await, 10);
    assert_eq!(put(&house.lake, "a", &events(10..15)).await.stored, 5);
    fs::remove_file(blocked).unwrap();
    assert_eq!(put(&house.lake, "a", &batch).await.stored, 3);
    assert_eq!(rows(&house.lake).await, 18);
}

/// Whatever lies beside the table would be taken for the lake's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = async || {
        let location = LakeLocation::folder(folder.path()).unwrap();
        Lake::open(location).await.unwrap_err().to_string()
    };
    std::fs::write(folder.path().join("ledger.sqlite"), "x").unwrap();
    let told = refused().await;
    assert!(
        told.contains("it holds other files, such as `ledger.sqlite`"),
        "{told}"
    );
    assert!(files(folder.path(), ".json").is_empty());
    std::fs::remove_file(folder.path().join("ledger.sqlite")).unwrap();

    let url = url::Url::from_directory_path(folder.path()).unwrap();
    deltalake::DeltaTableBuilder::from_url(url)
        .unwrap()
        .build()
        .unwrap()
        .create()
        .with_column("gid", deltalake::kernel::DataType::STRING, true, None)
        .await
        .unwrap();
    let told = refused().await;
    assert!(told.contains("it holds another Delta table"), "{told}");
}
