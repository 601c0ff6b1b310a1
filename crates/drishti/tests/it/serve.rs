//! The server: probes, the API, and sources that change while it runs.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Installation, Server, Simulator, eventually, now};

const BACKFILL: [&str; 4] = ["--backfill-days", "3", "--poll-interval", "1"];

async fn simulator() -> Simulator {
    Simulator::frozen(30, 2, now() - TimeDelta::hours(12), &[]).await
}

#[tokio::test]
async fn an_empty_server_is_alive_ready_and_guarded() {
    let installation = Installation::new();
    let server = Server::start(&installation).await;
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let (code, body) = server.send(server.without_token(Method::GET, path)).await;
        assert_eq!(
            (code.as_u16(), &body["status"]),
            (200, &json!(status)),
            "{path}"
        );
    }
    let (code, metrics) = server.send(server.request(Method::GET, "/metrics")).await;
    assert_eq!(code, 200);
    let metrics = metrics.as_str().unwrap();
    for line in [
        "drishti_ledger_up 1",
        "drishti_lake_up 1",
        "drishti_lake_rows 0",
        "# EOF",
    ] {
        assert!(
            metrics.lines().any(|found| found.starts_with(line)),
            "{line}: {metrics}"
        );
    }
    assert_eq!(server.get("/api/v1/sources").await, json!({"sources": []}));
    let (code, problem) = server
        .send(server.without_token(Method::GET, "/api/v1/sources"))
        .await;
    assert_eq!(
        (code.as_u16(), &problem["code"]),
        (401, &json!("unauthorized")),
        "{problem:#}"
    );
    let wrong = server
        .without_token(Method::GET, "/api/v1/sources")
        .bearer_auth("wrong");
    assert_eq!(server.send(wrong).await.0, 401);
    let elsewhere = server
        .request(Method::GET, "/api/v1/sources")
        .header("host", "example.org");
    assert_eq!(server.send(elsewhere).await.1["code"], "foreign_host");
    let described = installation.run(&["openapi"]).await.json();
    assert_eq!(server.get("/api/v1/openapi.json").await, described);
    assert!(
        server
            .process
            .stderr
            .text()
            .contains("the API takes the bearer token in")
    );
    assert_eq!(server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let installation = Installation::new();
    let server = Server::start(&installation).await;
    let address = server.address.trim_start_matches("http://");
    let refused = Installation::new()
        .run(&["serve", "--listen", address])
        .await
        .bad();
    assert!(
        refused.contains(&format!("error: listening on `{address}`")),
        "{refused}"
    );
    assert!(refused.contains("Address already in use"), "{refused}");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_source_added_from_outside_lives_its_whole_life() {
    let simulator = simulator().await;
    let installation = Installation::new();
    let server = Server::start(&installation).await;
    installation
        .add(
            &simulator,
            &[
                &BACKFILL[..],
                &["--category", "prod/asana", "--field", "team=blue"],
            ]
            .concat(),
        )
        .await;
    let source = server.has_all("acme", &simulator).await;
    assert_eq!(
        (&source["category"], &source["fields"]),
        (&json!("prod/asana"), &json!({"team": "blue"}))
    );
    assert_eq!(source["has_token"], true);

    installation.run(&["sources", "pause", "acme"]).await.good();
    server.reaches("acme", "Paused").await;
    // Long enough that something happens, on a Sunday night too.
    simulator.advance(14_400).await;
    let at_pause = source["status"]["events_stored"].clone();
    installation
        .run(&["sources", "resume", "acme"])
        .await
        .good();
    server.has_all("acme", &simulator).await;
    let expected = simulator.truth(None).await.len();
    assert!(
        at_pause.as_u64() < Some(expected as u64),
        "something happened while it was paused"
    );
    installation.assert_complete(&simulator).await;
    let people = installation
        .query("select count(*) as people from accounts where source = 'acme'")
        .await;
    assert!(people[0]["people"].as_u64() >= Some(30), "{people:?}");
    let joined = "select s.\"_sourceCategory\" as category, count(*) as events from events e join sources s on s.name = e.source group by 1";
    let answer = installation.query(joined).await;
    assert_eq!(
        answer,
        [json!({"category": "prod/asana", "events": expected})]
    );

    installation
        .run(&["sources", "remove", "acme"])
        .await
        .good();
    eventually("the source to go", async || {
        let (code, body) = server
            .send(server.request(Method::GET, "/api/v1/sources/acme"))
            .await;
        (code == 404)
            .then_some(())
            .ok_or_else(|| format!("{body:#}"))
    })
    .await;
    assert!(server.stop().await.success());
    assert_eq!(
        installation.gids("source = 'acme'").await.len(),
        expected,
        "its events stay"
    );
}

#[tokio::test]
async fn sources_are_made_and_changed_over_the_api() {
    let simulator = simulator().await;
    let installation = Installation::new();
    let server = Server::start(&installation).await;
    let new = json!({
        "name": "acme",
        "token": crate::harness::TOKEN,
        "api_url": simulator.api_url(),
        "collect": {"backfill_days": 3, "poll_interval_seconds": 1, "requests_per_minute": 0}
    });
    let (code, made) = server.post("/api/v1/sources", &new).await;
    assert_eq!(code, 201, "{made:#}");
    assert_eq!(
        made["sources"][0]["workspace_gid"],
        json!(simulator.workspaces().await.remove(0))
    );
    assert_eq!(
        server.post("/api/v1/sources", &new).await.1["code"],
        "source_exists"
    );
    server.has_all("acme", &simulator).await;

    change(&server).await;
    let (code, tested) = server.post("/api/v1/sources/acme/test", &json!({})).await;
    assert_eq!(
        (code.as_u16(), &tested["ok"]),
        (200, &json!(true)),
        "{tested:#}"
    );
    server.has_all("acme", &simulator).await;
    histogram_and_events(&server, &simulator).await;
    let (code, _) = server
        .send(server.request(Method::DELETE, "/api/v1/sources/acme"))
        .await;
    assert!([202, 204].contains(&code.as_u16()), "{code}");
    eventually("the source to go", async || {
        let sources = server.get("/api/v1/sources").await;
        (sources == json!({"sources": []}))
            .then_some(())
            .ok_or_else(|| format!("{sources:#}"))
    })
    .await;
    assert!(server.stop().await.success());
}

async fn change(server: &Server) {
    let request = server.request(Method::PATCH, "/api/v1/sources/acme");
    let (code, changed) = server
        .send(
            request.json(&json!({"description": "new words", "collect": {"overlap_seconds": 600}})),
        )
        .await;
    assert_eq!(
        (code.as_u16(), &changed["description"]),
        (200, &json!("new words")),
        "{changed:#}"
    );
    assert_eq!(
        (
            &changed["collect"]["overlap_seconds"],
            &changed["collect"]["backfill_days"]
        ),
        (&json!(600), &json!(3))
    );
    let stale = server
        .request(Method::PATCH, "/api/v1/sources/acme")
        .header("if-match", "\"1\"");
    let (code, problem) = server
        .send(stale.json(&json!({"description": "older words"})))
        .await;
    assert_eq!(
        (code.as_u16(), &problem["code"]),
        (412, &json!("revision_conflict")),
        "{problem:#}"
    );
    let request = server.request(Method::PATCH, "/api/v1/sources/acme");
    let (code, problem) = server
        .send(request.json(&json!({"collect": {"concurrent_reads": 51}})))
        .await;
    assert_eq!(
        (code.as_u16(), &problem["code"]),
        (422, &json!("invalid_setting")),
        "{problem:#}"
    );
}

async fn histogram_and_events(server: &Server, simulator: &Simulator) {
    let truth = simulator.truth(None).await;
    let (from, to) = ((now() - TimeDelta::days(5)).timestamp(), now().timestamp());
    let moment = |seconds| {
        chrono::DateTime::from_timestamp(seconds, 0)
            .unwrap()
            .to_rfc3339()
            .replace("+00:00", "Z")
    };
    let path = format!(
        "/api/v1/events/histogram?from={}&to={}&bucket=1d",
        moment(from),
        moment(to)
    );
    let histogram = server.get(&path).await;
    let bars = histogram["bars"].as_array().unwrap().iter();
    let total: u64 = bars.filter_map(|bar| bar["count"].as_u64()).sum();
    assert_eq!(total, truth.len() as u64, "{histogram:#}");
    let one = server
        .get(&format!("/api/v1/events?gid={}", truth[0]))
        .await;
    assert_eq!(one["events"].as_array().map(Vec::len), Some(1), "{one:#}");
    let event = &one["events"][0]["event"];
    assert_eq!(event["gid"], Value::from(truth[0].clone()));
    let kind = event["event_type"].as_str().unwrap();
    let same = server
        .get(&format!("/api/v1/events?event_type={kind}&limit=5"))
        .await;
    let events = same["events"].as_array().unwrap();
    assert!(
        !events.is_empty()
            && events
                .iter()
                .all(|entry| entry["event"]["event_type"] == kind),
        "{same:#}"
    );
}

#[tokio::test]
async fn a_server_does_not_wait_for_an_asana_that_hangs() {
    const PROMPT: std::time::Duration = std::time::Duration::from_secs(20);
    let simulator = simulator().await;
    let installation = Installation::new();
    installation.add(&simulator, &BACKFILL).await;
    simulator
        .faults(json!({"slow": 1, "slow_milliseconds": 600_000}))
        .await;
    let server = Server::start(&installation).await;
    server.reaches("acme", "Initialized").await;
    let stopped = tokio::time::timeout(PROMPT, server.stop()).await;
    assert!(stopped.expect("the server waits for Asana").success());

    let mut run = installation.spawn(&["collect", "--source", "acme"]);
    eventually("the collection to begin", async || {
        let state = installation.source().await["state"].clone();
        (state == "Initialized")
            .then_some(())
            .ok_or_else(|| state.to_string())
    })
    .await;
    let stopped = tokio::time::timeout(PROMPT, run.stop("INT")).await;
    assert_eq!(
        stopped.expect("the collection waits for Asana").code(),
        Some(1)
    );
    assert!(
        run.stderr
            .text()
            .contains("stopped before the end; the next run goes on from here"),
        "{}",
        run.outputs()
    );
    simulator.faults(json!({})).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn who_interrupts_twice_does_not_wait() {
    let installation = Installation::new();
    let mut server = Server::start(&installation).await;
    let address = server.address.trim_start_matches("http://").to_owned();
    // A request that never ends holds the shutdown up.
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /healthz HTTP/1.1\r\nhost: loc")
        .await
        .unwrap();
    assert_eq!(server.get("/healthz").await["status"], "alive");
    crate::harness::signal(server.process.id(), "INT").await;
    eventually("the server to begin its end", async || {
        let log = server.process.stderr.text();
        log.contains("stopping; what was read is written first")
            .then_some(())
            .ok_or(log)
    })
    .await;
    assert!(server.process.ended().is_none());
    assert_eq!(server.process.stop("INT").await.code(), Some(130));
}
