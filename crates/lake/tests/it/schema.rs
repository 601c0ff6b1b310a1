//! A lake that an older version made.

use std::path::Path;

use deltalake::DeltaTableBuilder;
use deltalake::arrow::array::{
    Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use deltalake::kernel::{DataType, PrimitiveType, StructField};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use drishti_model::Context;
use std::sync::Arc;

use crate::house::{all_events, event, number, open, put};

/// A table with the columns of a first version, and one row.
async fn old_lake(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let text = |name: &str| StructField::not_null(name, DataType::Primitive(PrimitiveType::String));
    let long = |name: &str| StructField::not_null(name, DataType::Primitive(PrimitiveType::Long));
    let time =
        |name: &str| StructField::not_null(name, DataType::Primitive(PrimitiveType::Timestamp));
    let url = url::Url::from_directory_path(folder).unwrap();
    let mut table = DeltaTableBuilder::from_url(url)
        .unwrap()
        .build()
        .unwrap()
        .create()
        .with_columns([
            text("source"),
            text("gid"),
            time("created_at"),
            text("event_type"),
            long("batch"),
            time("collected_at"),
            StructField::not_null("event_date", DataType::Primitive(PrimitiveType::Date)),
        ])
        .with_partition_columns(["event_date"])
        .await
        .unwrap();
    let mut writer = RecordBatchWriter::for_table(&table).unwrap();
    let noon = 1_772_366_400_000_000;
    let texts = |text| Arc::new(StringArray::from(vec![text]));
    let times = || Arc::new(TimestampMicrosecondArray::from(vec![noon]).with_timezone("UTC"));
    let row = RecordBatch::try_new(
        writer.arrow_schema(),
        vec![
            texts("a"),
            texts("old"),
            times(),
            texts("task_created"),
            Arc::new(Int64Array::from(vec![1])),
            times(),
            Arc::new(Date32Array::from(vec![20_513])),
        ],
    )
    .unwrap();
    writer.write(row).await.unwrap();
    writer.flush_and_commit(&mut table).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_columns_are_added() {
    let folder = tempfile::tempdir().unwrap();
    old_lake(folder.path()).await;
    let lake = open(folder.path()).await;
    let mut new = event("new", 0);
    new.context = Context {
        rule_name: Some("tidy up".to_owned()),
        on_behalf_of_user_id: Some(12),
        ..Context::default()
    };
    // The old row is known as a duplicate too.
    assert_eq!(
        put(&lake, "a", &[event("old", 0), new.clone()])
            .await
            .stored,
        1
    );
    let stored = all_events(&lake).await;
    let gids: Vec<_> = stored
        .iter()
        .map(|stored| stored.event.gid.as_str())
        .collect();
    assert_eq!(gids, ["old", "new"]);
    assert_eq!(stored[0].event.context, Context::default());
    assert_eq!(stored[1].event, new);
    lake.compact().await.unwrap();
    assert_eq!(
        number(&lake, "select count(*) from events where rule_name is null").await,
        1
    );
    assert_eq!(
        number(
            &lake,
            "select count(*) from events where rule_name = 'tidy up'"
        )
        .await,
        1
    );
    // Opening it again changes nothing.
    let version = lake.statistics().await.unwrap().version;
    assert_eq!(
        open(folder.path())
            .await
            .statistics()
            .await
            .unwrap()
            .version,
        version
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_a_newer_version_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    put(&lake, "a", &[event("1", 0)]).await;
    let url = url::Url::from_directory_path(folder.path()).unwrap();
    let table = DeltaTableBuilder::from_url(url)
        .unwrap()
        .load()
        .await
        .unwrap();
    let column = StructField::nullable("ip_weather", DataType::Primitive(PrimitiveType::String));
    table.add_columns().with_fields([column]).await.unwrap();
    put(&lake, "a", &[event("2", 0)]).await;
    let sql = "select count(*) from events where ip_weather is null";
    assert_eq!(number(&lake, sql).await, 2);
    assert_eq!(all_events(&lake).await.len(), 2);
}
