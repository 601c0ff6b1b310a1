use proptest::prelude::*;

use super::*;

/// Browser, system, kind and tags in one line.
fn says(agent: &str) -> String {
    let Some(device) = Agents::new(Supported::shipped()).device(agent) else {
        return "nothing".to_owned();
    };
    let mut line = [
        device.browser.as_deref().unwrap_or("?"),
        device.os.as_deref().unwrap_or("?"),
        device.kind.map_or("?", DeviceKind::as_str),
    ]
    .join(" | ");
    for tag in &device.tags {
        line.push_str(" #");
        line.push_str(tag);
    }
    line
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(agent, expected)| says(agent) != *expected)
        .map(|(agent, expected)| format!("{agent}\n    says {}\n    not  {expected}", says(agent)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn agents_of_asanas_log() {
    let lines = include_str!("agents.txt").lines();
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let cases: Vec<(&str, &str)> = lines
        .chunks(2)
        .map(|pair| (pair[0], pair[1].strip_prefix("=> ").unwrap()))
        .collect();
    assert!(cases.len() >= 80);
    check(&cases);
}

#[test]
fn agents_that_say_nothing() {
    check(&[
        ("", "nothing"),
        ("-", "nothing"),
        ("Mozilla/5.0", "nothing"),
        ("Mozilla/5.0 (compatible)", "nothing"),
        ("()", "nothing"),
        ("((((", "nothing"),
        (")))", "nothing"),
        ("1.0", "nothing"),
        ("/", "nothing"),
        ("null", "null | ? | other"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
            "? | Windows | pc",
        ),
    ]);
}

#[test]
fn only_what_is_below_the_table_is_outdated() {
    let supported: Supported = serde_json::from_str(
        r#"{"as_of": "2030-01-01", "browsers": {"Firefox": "200", "curl": "8.5"}, "systems": {"macOS": "14.2"}}"#,
    )
    .unwrap();
    let agents = Agents::new(supported.clone());
    for (agent, expected) in [
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:199.9) Gecko/20100101 Firefox/199.9",
            &[OUTDATED_BROWSER][..],
        ),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:200.0) Gecko/20100101 Firefox/200.0",
            &[],
        ),
        ("curl/8.4.0", &[OUTDATED_BROWSER]),
        ("curl/8.5.0", &[]),
        ("curl/8", &[OUTDATED_BROWSER]),
        ("curl", &[]),
        ("curl/x", &[]),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/1.0 Safari/605.1.15",
            &[OUTDATED_OS],
        ),
        ("Acme/1.0 (macOS 14.2.1)", &[]),
        ("Acme/1.0 (macOS 14.1)", &[OUTDATED_OS]),
    ] {
        assert_eq!(agents.device(agent).unwrap().tags, expected, "{agent}");
    }
    let json = serde_json::to_string(&supported).unwrap();
    assert_eq!(serde_json::from_str::<Supported>(&json).unwrap(), supported);
    let shipped = Supported::default();
    assert_eq!(shipped.as_of.to_string(), "2026-11-25");
    for name in shipped.browsers.keys() {
        let is_known =
            FAMILIES.iter().any(|family| family.name == name) || name == "Android web view";
        assert!(is_known, "{name}");
    }
}

#[test]
fn names_stand_in_the_table_once_and_in_lower_case() {
    let mut names: Vec<&str> = FAMILIES
        .iter()
        .flat_map(|family| family.names)
        .copied()
        .collect();
    assert!(names.iter().all(|name| *name == name.to_lowercase()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn agents_are_bounded() {
    // What stands beyond the bound is not looked at, and a character across it is left out.
    let padded = |length: usize| format!("curl/8.4.0{} (Windows NT 10.0)", " ".repeat(length));
    assert_eq!(
        says(&padded(AGENT_BYTES_MAX - 40)),
        "curl | Windows | program"
    );
    assert_eq!(says(&padded(AGENT_BYTES_MAX)), "curl | ? | program");
    assert_eq!(shown(&"é".repeat(AGENT_BYTES_MAX)).len(), AGENT_BYTES_MAX);
    assert_eq!(
        shown(&format!("x{}", "é".repeat(AGENT_BYTES_MAX))).len(),
        AGENT_BYTES_MAX - 1
    );
    let name = |length: usize| says(&"x".repeat(length));
    assert_eq!(
        name(NAME_BYTES_MAX),
        format!("{} | ? | other", "x".repeat(NAME_BYTES_MAX))
    );
    assert_eq!(name(NAME_BYTES_MAX + 1), name(NAME_BYTES_MAX));
}

proptest! {
    #[test]
    fn no_agent_is_too_odd(
        text in ".{0,200}",
        parts in prop::collection::vec("Mozilla/5\\.0|\\(|\\)|;| |/|Chrome/|1\\.|_|Windows NT |Android |iPhone|bot|v|é", 0..40),
    ) {
        let agents = Agents::new(Supported::shipped());
        for agent in [text, parts.concat()] {
            if let Some(device) = agents.device(&agent) {
                prop_assert!(device.browser.is_none_or(|browser| !browser.is_empty()));
                prop_assert!(device.tags.is_sorted());
            }
        }
    }
}
