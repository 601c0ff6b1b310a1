use drishti_asana::parse_page;

const EVENT: &str =
    r#"{"gid":"1","created_at":"2024-10-18T04:42:40.072Z","event_type":"t","actor":{}}"#;

fn page(data: &[&str], next: &str) -> String {
    format!(
        r#"{{"data":[{}],"next_page":{next},"unknown":[1]}}"#,
        data.join(",")
    )
}

#[test]
fn one_bad_element_never_costs_its_page() {
    let bad = [
        "null",
        "12",
        "\"text\"",
        "[]",
        "{}",
        r#"{"gid":"2","created_at":"yesterday","event_type":"t","actor":{}}"#,
        r#"{"gid":"3","gid":"3"}"#,
    ];
    for raw in bad {
        let page = parse_page(page(&[EVENT, raw, EVENT], "null").as_bytes()).unwrap();
        assert_eq!(page.events.len(), 3);
        assert!(page.events[0].is_ok() && page.events[2].is_ok());
        let rejected = page.events[1].as_ref().unwrap_err();
        assert_eq!(rejected.raw, raw);
        assert!(!rejected.rejection.reason.is_empty());
    }
}

#[test]
fn depth_in_an_element_costs_neither_the_page_nor_the_stack() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let page = parse_page(page(&[EVENT, &deep], "null").as_bytes()).unwrap();
    assert!(page.events[0].is_ok());
    let rejected = page.events[1].as_ref().unwrap_err();
    assert_eq!(
        rejected.rejection.reason,
        "the event is nested more than 64 deep"
    );
}

#[test]
fn bytes_that_are_not_utf_8_cost_only_their_element() {
    let mut body = page(&[EVENT, r#"{"gid":"@"}"#, EVENT], "null").into_bytes();
    let at = body.iter().position(|byte| *byte == b'@').unwrap();
    body[at] = 0xff;
    let page = parse_page(&body).unwrap();
    assert!(page.events[0].is_ok() && page.events[2].is_ok());
    let rejected = page.events[1].as_ref().unwrap_err();
    assert_eq!(rejected.rejection.reason, "the event is not valid UTF-8");
    assert_eq!(rejected.raw, "{\"gid\":\"\u{fffd}\"}");
}

#[test]
fn the_replacement_character_itself_is_valid() {
    let event = EVENT.replace("\"t\"", "\"\u{fffd}\"");
    assert!(
        parse_page(page(&[&event], "null").as_bytes())
            .unwrap()
            .events[0]
            .is_ok()
    );
}

#[test]
fn the_next_page_is_read_as_asana_writes_it() {
    let next = r#"{"offset":"eyJ0","path":"/workspaces/1/audit_log_events?offset=eyJ0","uri":"https://x/"}"#;
    let offset = |next: &str| parse_page(page(&[], next).as_bytes()).unwrap().next_offset;
    assert_eq!(offset(next).as_deref(), Some("eyJ0"));
    assert_eq!(offset("null"), None);
    assert_eq!(parse_page(b"{\"data\":[]}").unwrap().next_offset, None);
}

#[test]
fn a_page_that_can_not_be_followed_is_not_taken_for_the_last() {
    for next in [
        "{}",
        r#"{"offset":null}"#,
        r#"{"offset":7}"#,
        r#"{"offset":""}"#,
        "true",
        "\"eyJ0\"",
    ] {
        assert!(
            parse_page(page(&[EVENT], next).as_bytes()).is_err(),
            "{next}"
        );
    }
}

#[test]
fn other_bodies_are_rejected_in_few_words() {
    let text = format!("{{\"data\":\"{}\"}}", "x".repeat(1_000_000));
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "<html>",
        "{\"data\":null}",
        "{\"data\":[1,]}",
        "{\"data\":[1]",
        &text,
    ] {
        let rejection = parse_page(body.as_bytes()).unwrap_err();
        assert!(
            rejection.reason.starts_with("not a page of events: "),
            "{rejection}"
        );
        assert!(rejection.reason.chars().count() <= 201);
    }
}
