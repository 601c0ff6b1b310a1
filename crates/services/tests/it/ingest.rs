use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use chrono::TimeDelta;
use drishti_model::ErrorKind;
use drishti_services::ingest::{
    IngestSummary, LINE_BYTES_MAX, PROBLEMS_SHOWN_MAX, QUARANTINE_ENTRIES_MAX,
};
use serde_json::Value;

use crate::place::{Place, event, ingest, input, name, now, quarantined, stored, stored_gids};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

pub(crate) fn pretty(json: &str) -> String {
    format!("{:#}", serde_json::from_str::<Value>(json).unwrap())
}

/// The events 1, 2 and 3 in every form that is understood.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let (a, b, c) = (event(1), event(2), event(3));
    let lines = format!("{a}\n{b}\n{c}\n");
    let page = format!(r#"{{"data":[{a},{b}],"next_page":{{"offset":"x","path":"/","uri":"u"}}}}"#);
    let last_page = format!(r#"{{"data":[{c}],"next_page":null}}"#);
    vec![
        ("lines", lines.clone().into()),
        (
            "carriage returns, mark, blank lines, no last break",
            format!("\u{feff}{a}\r\n\r\n{b}\r\n{c}").into(),
        ),
        (
            "wrapped",
            format!("{{\"source\":\"x\",\"event\":{a}}}\n{{\"event\":{b},\"note\":1}}\n{c}").into(),
        ),
        (
            "indented events",
            format!("{}\n{}\n{}\n", pretty(&a), pretty(&b), pretty(&c)).into(),
        ),
        ("pages", format!("{page}\n{last_page}\n").into()),
        ("pages without a break", format!("{page}{last_page}").into()),
        (
            "indented pages",
            format!("{}\n{}", pretty(&page), pretty(&last_page)).into(),
        ),
        ("an array", format!("[{a},{b},{c}]").into()),
        (
            "an array of lines",
            format!("[\n{a},\n{b},\n{c}\n]\n").into(),
        ),
        (
            "an indented array",
            pretty(&format!("[{a},{b},{c}]")).into(),
        ),
        ("a mixture", format!("{a}\n[{b}]\n{last_page}").into()),
        ("gzip", gzip(lines.as_bytes())),
        (
            "gzip members",
            [gzip(a.as_bytes()), gzip(format!("\n{b}\n{c}").as_bytes())].concat(),
        ),
        ("zstd", zstd(lines.as_bytes())),
        (
            "zstd frames",
            [zstd(a.as_bytes()), zstd(format!("\n{b}\n{c}").as_bytes())].concat(),
        ),
        (
            "zstd of a page",
            zstd(format!("{page}\n{last_page}").as_bytes()),
        ),
    ]
}

#[tokio::test]
async fn every_form_is_understood() {
    for (form, bytes) in forms() {
        let place = Place::new();
        let services = place.open().await;
        let length = bytes.len() as u64;
        let summary = ingest(&services, bytes).await;
        let expected = IngestSummary {
            read: 3,
            stored: 3,
            bytes: length,
            detection: summary.detection,
            ..IngestSummary::default()
        };
        assert_eq!(summary, expected, "{form}");
        assert_eq!(summary.detection.events, 3, "{form}");
        assert_eq!(stored_gids(&services).await, [1, 2, 3], "{form}");
        for found in stored(&services).await {
            let gid = found.event.gid.parse().unwrap();
            let (found, given): (Value, Value) = (
                serde_json::from_str(&found.event.to_json()).unwrap(),
                serde_json::from_str(&event(gid)).unwrap(),
            );
            assert_eq!(found, given, "{form}");
        }
    }
}

#[tokio::test]
async fn a_source_for_files_is_made() {
    let place = Place::new();
    let services = place.open().await;
    ingest(&services, event(1)).await;
    let source = services.source(&name("files")).await.unwrap();
    assert_eq!(source.source.profile.workspace_gid, None);
    assert!(!source.source.has_token);
    assert_eq!(
        source.status.unwrap().last_event_at,
        Some(now() - TimeDelta::minutes(10))
    );
    assert!(source.coverage.is_empty() && source.gaps.is_empty());
    assert_eq!(stored(&services).await[0].source, "files");
}

/// Lines that are no events, with a part of the reason.
fn hostile_lines() -> Vec<(Vec<u8>, &'static str)> {
    let deep = |depth: usize| format!("{{\"gid\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    vec![
        (
            format!("{{\"gid\":\"{}\"}}", "x".repeat(10 << 20)).into(),
            "at most 1048576",
        ),
        (deep(1_000).into(), "nested more than 64 deep"),
        (deep(100_000).into(), "nested more than 64 deep"),
        (event(3).replace("\"3\"", "3").into(), "`gid` is a number"),
        (
            event(4)
                .replace("{\"actor_type\"", "[{\"actor_type\"")
                .replace("example.org\"}", "example.org\"}]")
                .into(),
            "`actor` is an array",
        ),
        (b"[[]]".to_vec(), "the event is an array"),
        (b"\"text\"".to_vec(), "the event is a string"),
        (
            event(5)
                .replacen("{\"gid\"", "{\"gid\":\"6\",\"gid\"", 1)
                .into(),
            "duplicate key `gid`",
        ),
        (event(7).replace("Mara", "Ma\0ra").into(), "not valid JSON"),
        (
            b"{\"gid\":\"8\xff\"}".to_vec(),
            "not valid UTF-8 at byte 10",
        ),
        (
            event(9).replace("2026-05", "2062-05").into(),
            "more than a day ahead",
        ),
        (
            event(9).replace("2026-05-28", "1970-01-01").into(),
            "before Asana existed",
        ),
        (b"{}".to_vec(), "`gid` is missing"),
        (b"hello".to_vec(), "the event is no JSON"),
        (event(2).repeat(2).into(), "not valid JSON"),
    ]
}

#[tokio::test]
async fn hostile_events_are_set_aside_and_all_others_stored() {
    let (a, b, cases) = (event(1), event(2), hostile_lines());
    let mut bytes = format!("\u{feff}{a}\r\n").into_bytes();
    for (line, _) in &cases {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b.as_bytes());
    bytes.extend_from_slice(b"\n\n{\"gid\":\"10\",\"created_at\":\"2026-0");

    let place = Place::new();
    let services = place.open().await;
    let summary = ingest(&services, bytes).await;
    let bad = cases.len() as u64 + 1;
    assert_eq!(
        (summary.read, summary.stored, summary.quarantined),
        (bad + 2, 2, bad)
    );
    let cut_line = cases.len() as u64 + 4;
    assert_eq!(
        summary.incomplete,
        Some(format!(
            "it ends in the middle of what began on line {cut_line}"
        ))
    );
    assert_eq!(stored_gids(&services).await, [1, 2]);

    let entries = quarantined(&services).await;
    assert_eq!(entries.len() as u64, bad);
    for ((entry, problem), (line, (raw, reason))) in entries
        .iter()
        .zip(&summary.problems)
        .zip((2_u64..).zip(&cases))
    {
        assert_eq!(entry.line, i64::try_from(line).ok());
        assert_eq!(entry.origin, "test.jsonl");
        assert!(
            entry.reason.contains(reason),
            "line {line}: {}",
            entry.reason
        );
        assert_eq!((problem.line, &problem.reason), (line, &entry.reason));
        // Of an array that stands for itself, the element is what is kept.
        let expected: &[u8] = if raw == b"[[]]" { b"[]" } else { raw };
        let kept = services.quarantine_raw(entry.id).await.unwrap().unwrap();
        assert!(kept == expected, "line {line}");
    }
    let last = entries.last().unwrap();
    assert_eq!(last.line, i64::try_from(cut_line).ok());
    assert!(
        last.reason.contains("ends in the middle"),
        "{}",
        last.reason
    );
    let overview = services.source(&name("files")).await.unwrap();
    assert_eq!(overview.quarantined, bad);
}

#[tokio::test]
async fn an_input_that_breaks_off_is_stored_up_to_there() {
    let lines: String = (1..=2_000).map(|gid| event(gid) + "\n").collect();
    let random: Vec<u8> = (0..100_000_u64)
        .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect();
    for packed in [gzip(lines.as_bytes()), zstd(lines.as_bytes())] {
        let cut = packed[..packed.len() - 200].to_vec();
        let place = Place::new();
        let services = place.open().await;
        let summary = ingest(&services, cut).await;
        let incomplete = summary.incomplete.unwrap();
        assert!(
            incomplete.contains("could not be read beyond"),
            "{incomplete}"
        );
        assert!(summary.stored < 2_000);
        let gids = stored_gids(&services).await;
        assert!(
            gids.iter().copied().eq(1..=summary.stored),
            "the beginning, in order"
        );

        // The whole file later brings only the rest.
        let summary = ingest(&services, packed).await;
        assert_eq!(
            (summary.stored + gids.len() as u64, summary.duplicates),
            (2_000, gids.len() as u64)
        );
        assert_eq!(stored_gids(&services).await.len(), 2_000);
    }
    let place = Place::new();
    let services = place.open().await;
    let summary = ingest(
        &services,
        [gzip(event(1).as_bytes()), random.clone()].concat(),
    )
    .await;
    assert_eq!(summary.stored, 1);
    assert!(summary.incomplete.is_some());
    let summary = ingest(&services, random).await;
    assert_eq!((summary.stored, summary.read), (0, summary.quarantined));
    assert!(summary.quarantined > 100);
}

#[tokio::test]
async fn nothing_is_nothing() {
    let place = Place::new();
    let services = place.open().await;
    for bytes in [
        Vec::new(),
        b"\n\n".to_vec(),
        gzip(b""),
        zstd(b""),
        b"[]".to_vec(),
    ] {
        let length = bytes.len() as u64;
        let summary = ingest(&services, bytes).await;
        assert_eq!(
            summary,
            IngestSummary {
                bytes: length,
                ..IngestSummary::default()
            }
        );
    }
    assert!(stored(&services).await.is_empty());
}

struct Failing(io::ErrorKind);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

#[tokio::test]
async fn an_input_that_can_not_be_read_at_all_is_an_error() {
    let place = Place::new();
    let services = place.open().await;
    let failing = || Box::new(Failing(io::ErrorKind::IsADirectory));
    let error = services
        .ingest(&name("files"), "a-folder", failing(), |_| ())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "reading `a-folder`");
    assert_eq!(error.kind(), ErrorKind::FirstPartyGeneric);
    let later = input(event(1)).chain(Failing(io::ErrorKind::ConnectionReset));
    let summary = services
        .ingest(&name("files"), "-", Box::new(later), |_| ())
        .await
        .unwrap();
    assert_eq!(summary.stored, 1);
    assert!(summary.incomplete.unwrap().contains("connection reset"));
}

#[tokio::test]
async fn a_line_longer_than_the_bound_is_passed_over() {
    let long = io::Read::take(io::repeat(b'x'), LINE_BYTES_MAX as u64 + (1 << 20));
    let ends = format!("\n{}\n", event(2));
    let text = input(event(1) + "\n{\"gid\":\"")
        .chain(long)
        .chain(input(ends));
    let place = Place::new();
    let services = place.open().await;
    let summary = services
        .ingest(&name("files"), "-", Box::new(text), |_| ())
        .await
        .unwrap();
    assert_eq!(
        (summary.read, summary.stored, summary.quarantined),
        (3, 2, 1)
    );
    let entries = quarantined(&services).await;
    assert!(
        entries[0].reason.contains("more than 67108864 bytes"),
        "{}",
        entries[0].reason
    );
    assert_eq!((entries[0].line, entries[0].raw_bytes), (Some(2), 65_536));
}

#[tokio::test]
async fn a_bomb_takes_little_memory() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::copy(&mut io::Read::take(io::repeat(0), 70 << 20), &mut encoder).unwrap();
    let place = Place::new();
    let services = place.open().await;
    let summary = ingest(&services, encoder.finish().unwrap()).await;
    assert_eq!((summary.read, summary.quarantined), (1, 1));
    assert_eq!(quarantined(&services).await[0].raw_bytes, 65_536);
}

#[tokio::test]
async fn what_a_run_keeps_of_refused_events_is_bounded() {
    let bad = (0..=QUARANTINE_ENTRIES_MAX).map(|number| format!("bad {number}\n"));
    let place = Place::new();
    let services = place.open().await;
    let summary = ingest(&services, bad.collect::<String>() + &event(1)).await;
    assert_eq!(
        (summary.stored, summary.quarantined),
        (1, QUARANTINE_ENTRIES_MAX + 1)
    );
    assert_eq!(summary.problems.len(), PROBLEMS_SHOWN_MAX);
    let incomplete = summary.incomplete.unwrap();
    assert!(
        incomplete.contains("1 of the refused events were counted but not kept"),
        "{incomplete}"
    );
    let overview = services.source(&name("files")).await.unwrap();
    assert_eq!(overview.quarantined, QUARANTINE_ENTRIES_MAX);
}

#[tokio::test]
async fn the_sample_events_are_understood() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/asana-samples.jsonl"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let place = Place::new();
    let services = place.open().await;
    let summary = ingest(&services, text.clone()).await;
    // Some samples are altered copies of others, under the same gid: the first one counts.
    let mut given = BTreeMap::new();
    for line in text.lines() {
        let event = serde_json::from_str::<Value>(line).unwrap()["event"].take();
        let gid = event["gid"].as_str().unwrap().to_owned();
        given.entry(gid).or_insert(event);
    }
    assert_eq!(summary.quarantined, 0, "{:?}", summary.problems);
    assert_eq!(summary.stored, given.len() as u64);
    assert_eq!(
        summary.stored + summary.duplicates,
        text.lines().count() as u64
    );
    for kept in stored(&services).await {
        let kept_json: Value = serde_json::from_str(&kept.event.to_json()).unwrap();
        assert_eq!(kept_json, given[&kept.event.gid]);
    }
}
