//! SQL, its limits and its formats.

use std::time::Duration;

use drishti_lake::{
    Answer, ExportFormat, Format, Lake, LakeError, QueryLimits, SideTable, ValueKind,
};
use drishti_model::{Actor, Context, Resource, SourceScope};
use serde_json::{Value, json};

use crate::house::{House, ask, event, events, number, put, source};

pub(crate) async fn refused(lake: &Lake, sql: &str) -> String {
    let error = lake
        .query(sql, &QueryLimits::default(), &[])
        .await
        .unwrap_err();
    assert!(matches!(error, LakeError::Query(_)), "{error:?}");
    error.to_string()
}

fn written(answer: &Answer, format: Format) -> String {
    let mut out = Vec::new();
    answer.write(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) async fn answer(lake: &Lake, sql: &str) -> Answer {
    lake.query(sql, &QueryLimits::default(), &[]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..70)).await;
    let rows = ask(
        &house.lake,
        "select actor_gid, count(*) as n, min(created_at) as first from events \
         where created_at >= timestamp '2026-03-01 12:07:00' and event_date = date '2026-03-01' \
         group by actor_gid having count(*) > 1 order by actor_gid limit 2",
    )
    .await;
    assert_eq!(
        Value::from(rows.into_iter().map(Value::from).collect::<Vec<_>>()),
        json!([
            {"actor_gid": "0", "n": 9, "first": "2026-03-01T12:07:00Z"},
            {"actor_gid": "1", "n": 9, "first": "2026-03-01T12:08:00Z"},
        ])
    );
    assert_eq!(
        number(
            &house.lake,
            "select count(distinct date_trunc('hour', created_at)) from events"
        )
        .await,
        2
    );
    assert_eq!(
        number(&house.lake, "with e as (select 1 as x) select x from e").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_table_can_be_joined() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..3)).await;
    put(&house.lake, "b", &events(0..2)).await;
    let sources = SideTable {
        name: "sources",
        columns: &["name", "_sourceCategory"],
        rows: vec![
            vec![Some("a".to_owned()), Some("prod/asana".to_owned())],
            vec![Some("b".to_owned()), None],
        ],
    };
    let sql = r#"select s."_sourceCategory" as category, count(*) as n
                 from events e join sources s on s.name = e.source group by 1 order by 2"#;
    let answer = house
        .lake
        .query(sql, &QueryLimits::default(), &[sources])
        .await
        .unwrap();
    assert_eq!(
        written(&answer, Format::JsonLines),
        "{\"category\":null,\"n\":2}\n{\"category\":\"prod/asana\",\"n\":3}\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn indicators_gather_the_fields_of_their_kind() {
    let house = House::new().await;
    let person = |name: &str| Actor {
        name: Some(name.to_owned()),
        email: Some(format!("{name}@example.com")),
        ..Actor::default()
    };
    let onto = |kind: &str, name: &str| Resource {
        resource_type: Some(kind.to_owned()),
        name: Some(name.to_owned()),
        email: (kind == "user").then(|| format!("{name}@example.com")),
        ..Resource::default()
    };
    let mut invites = event("1", 4);
    (invites.actor, invites.resource) = (person("ada"), onto("user", "bob"));
    invites.context = Context {
        client_ip_address: Some("192.0.2.1".to_owned()),
        ..Context::default()
    };
    let mut signs_in = event("2", 3);
    (signs_in.actor, signs_in.resource) = (person("ada"), onto("user", "ada"));
    let mut creates = event("3", 2);
    (creates.actor, creates.resource) = (person("ada"), onto("task", "bob"));
    let mut is_removed = event("4", 1);
    (is_removed.actor, is_removed.resource) = (Actor::default(), onto("user", "bob"));
    put(
        &house.lake,
        "a",
        &[invites, signs_in, creates, is_removed, event("5", 0)],
    )
    .await;
    let answer = answer(
        &house.lake,
        "select gid, p_any_emails as e, p_any_usernames as u, p_any_ip_addresses as i from events order by gid",
    )
    .await;
    assert_eq!(
        Value::from(
            answer
                .to_json()
                .unwrap()
                .into_iter()
                .map(Value::from)
                .collect::<Vec<_>>()
        ),
        json!([
            {"gid": "1", "e": ["ada@example.com", "bob@example.com"], "u": ["ada", "bob"], "i": ["192.0.2.1"]},
            {"gid": "2", "e": ["ada@example.com"], "u": ["ada"], "i": null},
            {"gid": "3", "e": ["ada@example.com"], "u": ["ada"], "i": null},
            {"gid": "4", "e": ["bob@example.com"], "u": ["bob"], "i": null},
            {"gid": "5", "e": null, "u": null, "i": null},
        ])
    );
    let sql = "select count(*) from events where array_has(p_any_emails, 'bob@example.com')";
    assert_eq!(number(&house.lake, sql).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_question_is_refused() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..3)).await;
    let target = house.path().join("stolen.csv");
    let copy = format!("copy events to '{}'", target.display());
    for sql in [
        "create table x as select 1",
        "create view x as select 1",
        "create external table x stored as csv location '/etc/passwd'",
        "drop table events",
        "insert into events select * from events",
        "delete from events",
        "update events set gid = '1'",
        copy.as_str(),
        "set datafusion.execution.batch_size = 1",
        "begin",
        "explain analyze insert into events select * from events",
    ] {
        let message = refused(&house.lake, sql).await;
        let clear = message.contains("is not allowed: the lake answers questions")
            || message.contains("not support")
            || message.contains("Unsupported SQL statement");
        assert!(clear, "{sql}: {message}");
    }
    assert!(!target.exists());
    refused(&house.lake, "select 1; select 2").await;
    refused(&house.lake, "select * from '/etc/passwd'").await;
    refused(&house.lake, "select * from read_csv('/etc/passwd')").await;
    assert_eq!(house.lake.statistics().await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_sql_is_answered_with_what_is_wrong() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..3)).await;
    let message = refused(&house.lake, "select acter_gid from events").await;
    assert!(message.starts_with("No field named acter_gid"), "{message}");
    assert!(message.contains("actor_gid"), "{message}");
    let message = refused(&house.lake, "select gid,\n from events whree x").await;
    assert!(message.contains("Line: 2"), "{message}");
    let message = refused(&house.lake, "select * from event").await;
    assert!(message.contains("event"), "{message}");
    let message = refused(&house.lake, "select cast(event_type as bigint) from events").await;
    assert!(message.contains("task_created"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_at_most_the_rows_asked_for() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..20)).await;
    let limits = |rows| QueryLimits {
        rows,
        ..QueryLimits::default()
    };
    for (most, rows, truncated) in [
        (0, 0, true),
        (19, 19, true),
        (20, 20, false),
        (21, 20, false),
    ] {
        let answer = house
            .lake
            .query("select gid from events", &limits(most), &[])
            .await
            .unwrap();
        assert_eq!(
            (answer.rows(), answer.is_truncated()),
            (rows, truncated),
            "{most}"
        );
    }
    let large = "select * from generate_series(1, 100000)";
    let answer = house.lake.query(large, &limits(10_000), &[]).await.unwrap();
    assert_eq!((answer.rows(), answer.is_truncated()), (10_000, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_at_most_so_many_bytes() {
    let house = House::new().await;
    let wide = "wide".repeat(25_000);
    let sql = format!("select '{wide}' || value from generate_series(1, 4000)");
    let error = house
        .lake
        .query(&sql, &QueryLimits::default(), &[])
        .await
        .unwrap_err();
    assert!(matches!(error, LakeError::AnswerSize(256)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_so_much_time() {
    let house = House::new().await;
    let limits = QueryLimits {
        time: Duration::from_millis(300),
        ..QueryLimits::default()
    };
    let many = "generate_series(1, 1000000)";
    let started = std::time::Instant::now();
    for sql in [
        // A condition that never holds, one that always does, one by equality, and none.
        format!("select count(*) from {many} a, {many} b where a.value * b.value = -7"),
        format!("select count(*) from {many} a, {many} b where a.value + b.value > 0"),
        format!(
            "select count(*) from {many} a join {many} b on a.value % 2 = b.value % 2 and a.value < -b.value"
        ),
        format!("select sum(a.value) from {many} a cross join {many} b"),
        format!(
            "select count(*) from {many} a where exists (select 1 from {many} b where b.value < -a.value)"
        ),
        "with recursive t as (select 1 as x union all select x + 1 from t) select max(x) from t"
            .to_owned(),
        "select sum(value) from generate_series(1, 1000000000000)".to_owned(),
    ] {
        let error = house.lake.query(&sql, &limits, &[]).await.unwrap_err();
        assert!(matches!(error, LakeError::QueryTime(0)), "{sql}: {error:?}");
    }
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_mins(1), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_mean_what_they_say() {
    let house = House::new().await;
    let (one, other) = ("generate_series(1, 4)", "generate_series(3, 9)");
    for (sql, expected) in [
        ("from {one} a, {other} b", 28),
        ("from {one} a join {other} b on a.value = b.value", 2),
        ("from {one} a left join {other} b on a.value = b.value", 4),
        ("from {one} a right join {other} b on a.value = b.value", 7),
        ("from {one} a full join {other} b on a.value = b.value", 9),
        ("from {one} a left join {other} b on a.value > b.value", 4),
        (
            "from {one} a where a.value in (select value from {other})",
            2,
        ),
        (
            "from {one} a where a.value not in (select value from {other})",
            2,
        ),
        (
            "from {one} a where exists (select 1 from {other} b where b.value = a.value)",
            2,
        ),
        (
            "from {one} a where not exists (select 1 from {other} b where b.value < a.value)",
            3,
        ),
    ] {
        let sql = format!(
            "select count(*) {}",
            sql.replace("{one}", one).replace("{other}", other)
        );
        assert_eq!(number(&house.lake, &sql).await, expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_so_much_memory() {
    let house = House::new().await;
    let limits = QueryLimits {
        memory_bytes: 4 << 20,
        ..QueryLimits::default()
    };
    let sql = "select count(distinct value || 'a wide text for every row') from generate_series(1, 3000000)";
    let error = house.lake.query(sql, &limits, &[]).await.unwrap_err();
    assert!(matches!(error, LakeError::QueryMemory(4)), "{error:?}");
    // A sort goes to disk instead.
    let limits = QueryLimits {
        memory_bytes: 128 << 20,
        ..limits
    };
    let wide = "wide".repeat(22);
    let sorted = format!(
        "select max(n) from (select row_number() over (order by v) as n from \
        (select (value % 7) || '{wide}' as v from generate_series(1, 1500000)))"
    );
    let answer = house.lake.query(&sorted, &limits, &[]).await;
    assert_eq!(answer.unwrap().rows(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_writes_rows() {
    let house = House::new().await;
    put(&house.lake, "a", &events(1..3)).await;
    let sql = r#"select gid, created_at, rule_name, 'a "b", c' as text from events order by gid"#;
    let answer = answer(&house.lake, sql).await;
    assert_eq!(answer.columns(), ["gid", "created_at", "rule_name", "text"]);
    assert_eq!(
        written(&answer, Format::Csv),
        "gid,created_at,rule_name,text\n\
         1,2026-03-01T12:01:00Z,,\"a \"\"b\"\", c\"\n\
         2,2026-03-01T12:02:00Z,,\"a \"\"b\"\", c\"\n"
    );
    assert_eq!(
        written(&answer, Format::JsonLines),
        "{\"gid\":\"1\",\"created_at\":\"2026-03-01T12:01:00Z\",\"rule_name\":null,\"text\":\"a \\\"b\\\", c\"}\n\
         {\"gid\":\"2\",\"created_at\":\"2026-03-01T12:02:00Z\",\"rule_name\":null,\"text\":\"a \\\"b\\\", c\"}\n"
    );
    let json = written(&answer, Format::Json);
    assert!(json.ends_with("}]\n"), "{json}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()[1]["gid"], "2");
    let table = written(&answer, Format::Table);
    assert!(
        table.contains("| 1   | 2026-03-01T12:01:00.000Z |           | a \"b\", c |"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_writes_an_empty_answer() {
    let house = House::new().await;
    let answer = answer(&house.lake, "select gid, batch from events").await;
    assert_eq!(answer.rows(), 0);
    assert!(!answer.is_truncated());
    assert_eq!(written(&answer, Format::Csv), "gid,batch\n");
    assert_eq!(written(&answer, Format::JsonLines), "");
    assert_eq!(written(&answer, Format::Json), "[]\n");
    assert!(written(&answer, Format::Table).contains("| gid | batch |"));
    assert!(answer.to_json().unwrap().is_empty());
}

#[test]
fn formats_have_names() {
    for (name, format) in [
        ("table", Format::Table),
        ("json", Format::Json),
        ("jsonl", Format::JsonLines),
        ("csv", Format::Csv),
        ("parquet", Format::Parquet),
    ] {
        assert_eq!(name.parse(), Ok(format));
    }
    assert_eq!(
        "xml".parse::<Format>(),
        Err("`xml` is not one of table, json, jsonl, csv, parquet".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_some_sources_is_answered_as_if_there_were_no_others() {
    let house = House::new().await;
    put(&house.lake, "acme", &events(0..3)).await;
    let mut secret = event("secret", 1);
    secret.actor.name = Some("hidden".to_owned());
    put(&house.lake, "other", &[secret]).await;
    let scope = SourceScope::of(Some([source("acme")]));
    let within = async |sql: &str| {
        let limits = QueryLimits::default();
        house.lake.query_within(sql, &limits, &[], &scope).await
    };
    for (sql, expected) in [
        ("select count(*) as n from events", 3),
        ("select count(*) as n from events where source = 'other'", 0),
        ("select count(distinct source) as n from events", 1),
        (
            "select count(*) as n from (select gid from events union all select gid from events)",
            6,
        ),
        // A condition that fails on what is not in the scope must not be tried on it.
        (
            "select count(*) as n from events where 1 / (case when gid = 'secret' then 0 else 1 end) = 1",
            3,
        ),
        (
            "select count(*) as n from events where cast(gid as bigint) >= 0",
            3,
        ),
        (
            "select count(*) as n from events a join events b on cast(a.gid as bigint) = cast(b.gid as bigint)",
            3,
        ),
    ] {
        let rows = within(sql).await.unwrap().to_json().unwrap();
        assert_eq!(rows[0]["n"], expected, "{sql}");
        let all = house.lake.query(sql, &QueryLimits::default(), &[]).await;
        assert!(
            all.is_err() || all.unwrap().to_json().unwrap()[0]["n"] != expected,
            "{sql}"
        );
    }
    for sql in [
        "explain select * from events",
        "explain analyze select * from events",
        "select * from events_stored",
    ] {
        let error = within(sql).await.unwrap_err();
        assert!(matches!(error, LakeError::Query(_)), "{sql}: {error:?}");
        assert!(!error.to_string().contains("other"), "{error}");
    }
    let nobody = SourceScope::of(Some([]));
    let limits = QueryLimits::default();
    let none = house
        .lake
        .query_within("select * from events", &limits, &[], &nobody);
    assert_eq!(none.await.unwrap().rows(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_have_kinds() {
    let house = House::new().await;
    let sql = "select gid, created_at, event_date, batch, batch > 1 as late, p_any_emails, ip_latitude, \
        created_at - created_at as apart from events";
    let kinds = answer(&house.lake, sql).await.kinds();
    let names: Vec<&str> = kinds.into_iter().map(ValueKind::as_str).collect();
    assert_eq!(
        names,
        [
            "text", "time", "date", "number", "boolean", "list", "number", "other"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_become_files() {
    let house = House::new().await;
    let sql = "select '=1+1' as \"=name\", make_array('-a', 'b') as list, 5 as n, cast(null as varchar) as none";
    let answer = answer(&house.lake, sql).await;
    let csv = String::from_utf8(answer.to_file(ExportFormat::Csv).unwrap()).unwrap();
    assert_eq!(
        csv,
        "\u{feff}'=name,list,n,none\n'=1+1,\"[\"\"-a\"\",\"\"b\"\"]\",5,\n"
    );
    let lines = String::from_utf8(answer.to_file(ExportFormat::JsonLines).unwrap()).unwrap();
    assert_eq!(
        lines,
        "{\"=name\":\"=1+1\",\"list\":[\"-a\",\"b\"],\"n\":5,\"none\":null}\n"
    );
    let parquet = answer.to_file(ExportFormat::Parquet).unwrap();
    assert_eq!(
        (&parquet[..4], &parquet[parquet.len() - 4..]),
        (&b"PAR1"[..], &b"PAR1"[..])
    );
}
