//! Small files become few, old days go, and what nobody needs is deleted.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use drishti_lake::{Statistics, VACUUM_AGE_MIN};
use serde_json::Value;

use crate::house::{House, all_events, data_files, event, events, files, open, put, rows, source};

const DAY_MINUTES: i64 = 24 * 60;

/// Makes everything on disk and in the log look `age` older.
fn grow_older(lake: &Path, age: TimeDelta) {
    let milliseconds = age.num_milliseconds();
    for entry in files(lake, ".json") {
        let text = fs::read_to_string(&entry).unwrap();
        let older = text.lines().map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            if let Some(time) = action.pointer_mut("/remove/deletionTimestamp") {
                *time = (time.as_i64().unwrap() - milliseconds).into();
            }
            action.to_string()
        });
        let older: Vec<_> = older.collect();
        fs::write(&entry, older.join("\n")).unwrap();
    }
    for file in files(lake, "") {
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        let older = modified - Duration::from_millis(milliseconds.unsigned_abs());
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(older)
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_small_commits_becomes_one_file() {
    let house = House::new().await;
    for minute in 0..60 {
        put(&house.lake, "a", &events(minute * 5..minute * 5 + 5)).await;
    }
    let before = all_events(&house.lake).await;
    assert_eq!(house.lake.statistics().await.unwrap().files, 60);
    let compacted = house.lake.compact().await.unwrap();
    assert_eq!((compacted.files_removed, compacted.files_added), (60, 1));
    let after = house.lake.statistics().await.unwrap();
    assert_eq!((after.files, after.rows), (1, 300));
    assert_eq!(all_events(&house.lake).await, before);
    assert_eq!(house.lake.compact().await.unwrap().files_removed, 0);
    // The numbers of batches outlive it, also for a process that reads only the log.
    let second = house.second_handle().await;
    assert_eq!(second.last_sequence(&source("a")).await.unwrap(), 60);
    assert_eq!(put(&second, "a", &events(0..300)).await.duplicates, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_compacted_apart_and_bytes_shrink() {
    let house = House::new().await;
    for batch in 0..6 {
        let both_days = (0..200).map(|n| batch * 200 + n + DAY_MINUTES * (n % 2));
        put(&house.lake, "a", &events(both_days)).await;
    }
    let before = house.lake.statistics().await.unwrap();
    house.lake.compact().await.unwrap();
    let after = house.lake.statistics().await.unwrap();
    assert!(
        after.files <= 3 && before.files >= 12,
        "{before:?} {after:?}"
    );
    assert_eq!(after.rows, before.rows);
    assert!(after.bytes < before.bytes / 2, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_no_view_types_and_bloom_filters() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..5)).await;
    put(&house.lake, "a", &events(5..10)).await;
    house.lake.compact().await.unwrap();
    let files = data_files(&house.path());
    assert_eq!(files.len(), 3);
    for path in files {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
        let types: BTreeSet<_> = reader
            .schema()
            .fields()
            .iter()
            .map(|field| field.data_type().to_string())
            .collect();
        let expected = ["Float64", "Int64", "Timestamp(µs, \"UTC\")", "Utf8"];
        assert_eq!(types, BTreeSet::from(expected.map(str::to_owned)));
        let columns = reader.metadata().row_group(0).columns();
        let filtered: Vec<_> = columns
            .iter()
            .filter(|column| column.bloom_filter_offset().is_some())
            .map(|column| column.column_descr().name())
            .collect();
        let expected = [
            "gid",
            "actor_gid",
            "actor_email",
            "resource_gid",
            "client_ip_address",
        ];
        assert_eq!(filtered, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_before_the_first_kept_go() {
    let house = House::new().await;
    put(
        &house.lake,
        "a",
        &events((0..10).map(|day| day * DAY_MINUTES)),
    )
    .await;
    let first_kept = NaiveDate::from_ymd_opt(2026, 3, 8).unwrap();
    assert_eq!(house.lake.retain(first_kept).await.unwrap(), 7);
    let kept: Vec<_> = all_events(&house.lake)
        .await
        .into_iter()
        .map(|stored| stored.event.created_at.date_naive())
        .collect();
    let day = TimeDelta::days(1);
    assert_eq!(kept, [first_kept + day + day, first_kept + day, first_kept]);
    assert_eq!(house.lake.retain(first_kept).await.unwrap(), 0);
    assert_eq!(house.lake.last_sequence(&source("a")).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn vacuum_deletes_what_is_old_enough_and_nobody_needs() {
    let house = House::new().await;
    for batch in 0..4 {
        put(&house.lake, "a", &events(batch * 5..batch * 5 + 5)).await;
    }
    house.lake.compact().await.unwrap();
    // A writer that was killed leaves files that no log entry names.
    let orphan = house
        .path()
        .join("event_date=2026-03-01/part-00000-orphan.parquet");
    fs::write(&orphan, "half a file").unwrap();
    let staged = house
        .path()
        .join("event_date=2026-03-01/part-00001-cut.parquet#1");
    fs::write(&staged, "half a file").unwrap();
    assert_eq!(data_files(&house.path()).len(), 6);

    // However short an age is asked for, what an hour-old query may read stays.
    assert_eq!(house.lake.vacuum(TimeDelta::zero()).await.unwrap(), 0);
    assert_eq!(data_files(&house.path()).len(), 6);

    let lake = open(&house.path()).await;
    grow_older(&house.path(), VACUUM_AGE_MIN + TimeDelta::minutes(1));
    let lake = {
        drop(lake);
        open(&house.path()).await
    };
    assert_eq!(lake.vacuum(TimeDelta::hours(5)).await.unwrap(), 0);
    assert_eq!(lake.vacuum(TimeDelta::zero()).await.unwrap(), 5);
    assert_eq!(data_files(&house.path()).len(), 1);
    assert!(!orphan.exists());
    assert!(staged.exists(), "a large batch may be writing it for long");
    grow_older(&house.path(), TimeDelta::days(1));
    assert_eq!(
        open(&house.path())
            .await
            .vacuum(TimeDelta::zero())
            .await
            .unwrap(),
        1
    );
    assert!(!staged.exists());
    assert_eq!(rows(&open(&house.path()).await).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_come_from_the_log() {
    let house = House::new().await;
    let empty = house.lake.statistics().await.unwrap();
    assert_eq!(
        empty,
        Statistics {
            version: 0,
            ..Statistics::default()
        }
    );
    put(&house.lake, "a", &events(0..1_000)).await;
    let statistics = house.lake.statistics().await.unwrap();
    let on_disk: u64 = data_files(&house.path())
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!(statistics.rows, 1_000);
    assert_eq!(statistics.bytes, on_disk);
    assert_eq!(statistics.version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_summed_up_every_fifty_commits() {
    let house = House::new().await;
    // Two processes that know an early version, and nothing of what comes after.
    let (idle, other_idle) = (house.second_handle().await, house.second_handle().await);
    for gid in 0..110 {
        put(&house.lake, "a", &[event(&gid.to_string(), 0)]).await;
    }
    let checkpoints = files(&house.path().join("_delta_log"), ".checkpoint.parquet");
    assert_eq!(checkpoints.len(), 2, "{checkpoints:?}");
    // Entries behind a checkpoint are kept a day, then maintenance removes them.
    grow_older(&house.path(), TimeDelta::days(2));
    let lake = open(&house.path()).await;
    lake.compact().await.unwrap();
    let entries = files(&house.path().join("_delta_log"), ".json");
    assert!(entries.len() < 30, "{}", entries.len());
    for lake in [open(&house.path()).await, idle] {
        assert_eq!(rows(&lake).await, 110);
        assert_eq!(lake.last_sequence(&source("a")).await.unwrap(), 110);
        assert_eq!(put(&lake, "a", &[event("0", 0)]).await.duplicates, 1);
    }
    assert_eq!(put(&other_idle, "a", &[event("x", 0)]).await.stored, 1);
    assert_eq!(rows(&lake).await, 111);
}

/// What Drishti did not put there is not Drishti's to delete.
#[tokio::test(flavor = "multi_thread")]
async fn a_vacuum_leaves_strangers_files_alone() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..5)).await;
    let day = house.path().join("event_date=2026-03-01");
    let ours = day.join("part-00000-left-behind-c000.zstd.parquet");
    let strangers = [
        house.path().join("key"),
        house.path().join("notes/plan.parquet"),
        day.join("report.parquet"),
        house.path().join("event_date=soon/part-1.parquet"),
    ];
    for file in strangers.iter().chain([&ours]) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "x").unwrap();
    }
    grow_older(&house.path(), TimeDelta::days(3));
    let lake = open(&house.path()).await;
    assert_eq!(lake.vacuum(VACUUM_AGE_MIN).await.unwrap(), 1);
    assert!(!ours.exists());
    assert!(strangers.iter().all(|file| file.exists()));
    assert_eq!(rows(&lake).await, 5);
}
