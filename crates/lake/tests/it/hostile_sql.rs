//! SQL of those who want more than an answer.

use drishti_lake::QUERY_STACK_BYTES;
use serde_json::{Value, json};

use crate::house::{House, events, number, put};
use crate::query::{answer, refused};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_tables_that_are_meant_to_be_read_are_there() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..3)).await;
    let tables = answer(
        &house.lake,
        "select table_name from information_schema.tables where table_schema <> 'information_schema'",
    );
    let tables = tables.await.to_json().unwrap();
    assert_eq!(
        Value::from(tables.into_iter().map(Value::Object).collect::<Vec<_>>()),
        json!([{"table_name": "events"}])
    );
    let lake = house.path().display().to_string();
    for sql in [
        format!("select * from '{lake}'"),
        format!("select * from \"{lake}\""),
        "select * from parquet_scan('x')".to_owned(),
        "select * from read_parquet('x')".to_owned(),
        "select * from read_json('/etc/passwd')".to_owned(),
        "select * from delta_scan('x')".to_owned(),
        "select * from glob('/*')".to_owned(),
        "load 'x'".to_owned(),
        "prepare p as select 1".to_owned(),
        "execute p".to_owned(),
        "create function f() returns int return 1".to_owned(),
        "truncate table events".to_owned(),
        "select 1 into x".to_owned(),
    ] {
        refused(&house.lake, &sql).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_sql_is_refused_and_harms_nothing() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..3)).await;
    let deep = |open: &str, close: &str| {
        format!("select {}1{}", open.repeat(20_000), close.repeat(20_000))
    };
    // Nested so deep that a reader without a bound would run out of its stack.
    for sql in [
        deep("(", ")"),
        deep("case when true then ", " end"),
        deep("abs(", ")"),
        format!("{} select 1", "select * from (".repeat(5_000)),
    ] {
        refused(&house.lake, &sql).await;
    }
    // Each of these would make gigabytes in one call.
    for sql in [
        "select repeat('x', 2000000000)",
        "select lpad('x', 2000000000)",
        "select rpad('x', 2000000000)",
        "select range(1, 2000000000)",
        "select generate_series(1, 2000000000)",
        "select array_repeat(1, 2000000000)",
        "select array_resize(make_array(1), 2000000000)",
    ] {
        let message = refused(&house.lake, sql).await;
        assert!(message.contains("function"), "{sql}: {message}");
    }
}

/// On a thread as queries run on in the program.
fn on_a_query_thread<F: Future<Output = ()> + Send + 'static>(work: F) {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(QUERY_STACK_BYTES)
        .enable_all()
        .build()
        .unwrap();
    threads.block_on(threads.spawn(work)).unwrap();
}

#[test]
fn chains_of_operators_have_a_bound_that_fits_the_stack() {
    on_a_query_thread(async {
        let house = House::new().await;
        put(&house.lake, "a", &events(0..3)).await;
        let chain = |links: usize, operator: &str| {
            format!("select {}", vec!["1"; links + 1].join(operator))
        };
        assert_eq!(number(&house.lake, &chain(499, " + ")).await, 500);
        for (links, operator) in [(500, "+"), (30_000, "|"), (20_000, " union select ")] {
            let message = refused(&house.lake, &chain(links, operator)).await;
            assert!(message.contains("keywords and operators"), "{message}");
        }
        let of_rows = |operator: &str, links: usize| {
            let sum = vec!["batch"; links].join(operator);
            format!("select count(*) from events where {sum} is not null")
        };
        let conditions = vec!["gid = '1'"; 240].join(" or ");
        for sql in [
            chain(160, " union all select "),
            format!("select count(*) from events where {conditions}"),
            of_rows(" + ", 480),
            format!(
                "select count(*) from events where batch{} > 0",
                "::bigint".repeat(240)
            ),
        ] {
            assert!(answer(&house.lake, &sql).await.rows() > 0);
        }
        let many = vec!["'x'"; 5_000].join(", ");
        let listed = format!("select count(*) from events where gid in ({many})");
        assert_eq!(number(&house.lake, &listed).await, 0);
    });
}
