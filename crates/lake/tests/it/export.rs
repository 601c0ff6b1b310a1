//! Events as files.

use drishti_lake::{EventFilter, ExportFormat, FacetField, LakeError, ValueFilter};
use futures::TryStreamExt as _;

use crate::house::{House, event, events, put};

async fn file(house: &House, filter: &EventFilter, format: ExportFormat) -> Vec<u8> {
    let parts = house.lake.export(filter, format, 1_000).await.unwrap();
    parts.try_concat().await.unwrap()
}

fn with(field: FacetField, value: Option<&str>, is_excluded: bool) -> EventFilter {
    EventFilter {
        values: vec![ValueFilter {
            field,
            values: vec![value.map(str::to_owned)],
            is_excluded,
        }],
        ..EventFilter::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_all_events_newest_first() {
    let house = House::new().await;
    // Two days.
    put(&house.lake, "a", &events(0..2_000)).await;
    let one = EventFilter {
        gid: Some("7".to_owned()),
        ..EventFilter::default()
    };
    let all = EventFilter::default();
    let parts = house
        .lake
        .export(&all, ExportFormat::JsonLines, 2_000)
        .await;
    let lines: Vec<u8> = parts.unwrap().try_concat().await.unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let gids: Vec<String> = lines
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["gid"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected: Vec<String> = (0..2_000).rev().map(|gid| gid.to_string()).collect();
    assert_eq!(gids, expected);
    let csv = String::from_utf8(file(&house, &one, ExportFormat::Csv).await).unwrap();
    let mut rows = csv.lines();
    assert!(
        rows.next()
            .unwrap()
            .starts_with("\u{feff}source,gid,created_at,")
    );
    assert!(
        rows.next()
            .unwrap()
            .starts_with("a,7,2026-03-01T12:07:00Z,")
    );
    assert_eq!(rows.next(), None);
    let parquet = file(&house, &one, ExportFormat::Parquet).await;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_events_is_one_all_the_same() {
    let house = House::new().await;
    let all = EventFilter::default();
    let csv = String::from_utf8(file(&house, &all, ExportFormat::Csv).await).unwrap();
    assert_eq!(csv.lines().count(), 1);
    assert!(file(&house, &all, ExportFormat::JsonLines).await.is_empty());
    let parquet = file(&house, &all, ExportFormat::Parquet).await;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_file_of_a_part_of_the_events() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..11)).await;
    let all = EventFilter::default();
    let refused = house.lake.export(&all, ExportFormat::Csv, 10).await;
    let error = refused.err().unwrap();
    assert!(
        matches!(
            error,
            LakeError::ExportSize {
                found: 11,
                most: 10
            }
        ),
        "{error:?}"
    );
    assert!(house.lake.export(&all, ExportFormat::Csv, 11).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_formulas_are_harmless_in_spreadsheets() {
    let house = House::new().await;
    let mut odd = event("1", 0);
    odd.actor.name = Some("=cmd|' /C calc'!A0".to_owned());
    put(&house.lake, "a", &[odd]).await;
    let all = EventFilter::default();
    let csv = String::from_utf8(file(&house, &all, ExportFormat::Csv).await).unwrap();
    assert!(csv.contains(",'=cmd|' /C calc'!A0,"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_chosen_by_values_and_left_out_by_them() {
    let house = House::new().await;
    let mut app = event("1", 0);
    app.context.oauth_app_name = Some("Sync".to_owned());
    let plain = event("2", 1);
    put(&house.lake, "a", &[app, plain]).await;
    let field = FacetField::OauthAppName;
    for (filter, gids) in [
        (with(field, Some("Sync"), false), &["1"][..]),
        (with(field, Some("Sync"), true), &["2"]),
        (with(field, None, false), &["2"]),
        (with(field, None, true), &["1"]),
        (with(FacetField::Hour, Some("12"), false), &["2", "1"]),
        (with(FacetField::Hour, Some("noon"), false), &[]),
        (
            with(FacetField::AddressTags, Some("tor_exit"), true),
            &["2", "1"],
        ),
    ] {
        let found = house.lake.events(&filter, None, 10).await.unwrap();
        let found: Vec<&str> = found
            .iter()
            .map(|stored| stored.event.gid.as_str())
            .collect();
        assert_eq!(found, gids, "{filter:?}");
    }
}
