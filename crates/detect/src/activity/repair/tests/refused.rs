//! What is no rule.

use super::super::REGEXES_MAX;
use super::super::item::REGEX_BYTES_MAX;
use super::*;

#[test]
fn what_sigma_forbids_is_refused() {
    let selection = |items: &str| format!("  a:\n    {items}\n  condition: a\n");
    for (items, words) in [
        ("details.v: [a, null]", "null cannot stand in a list"),
        (
            "details.v|expand: '%admins%'",
            "nothing is known to put in for the placeholder",
        ),
        ("details.v|gt: 'a'", "compared with a text"),
        ("details.v|base64: a*", "cannot have wildcards"),
        (
            "details.v|contains|re: a",
            "`re` must come before `contains`",
        ),
        ("details.v|re: '('", "the regular expression"),
        ("details.v|re: '(?=a)b'", "the regular expression"),
        ("details.v|exists: maybe", "needs `true` or `false`"),
        ("'|exists': true", "`exists` needs a field"),
        (
            "details.v|all: [a]",
            "|all modifier requires more than one value",
        ),
        ("details.v|nosuch: a", "unknown modifier 'nosuch'"),
        ("details.v|not: a", "not a value modifier"),
        ("details.v|cidr: 10.1.2.3/8", "an address within a network"),
        ("details.v|cidr: 10.0.0.0/33", "is no network"),
        ("details.v|cidr: here", "is no network"),
        (
            "details.v|cidr|contains: 10.0.0.0/8",
            "conflicting modifiers",
        ),
        ("details.v|i: a", "no effect without |re"),
        ("details.v|fieldref: a*", "must not contain wildcards"),
        ("{}", "must not be empty"),
    ] {
        let fault = refused(&selection(items));
        assert!(fault.problem.contains(words), "{items}: {fault}");
        assert!(
            fault.line.is_some_and(|line| (5..=8).contains(&line)),
            "{items}: {fault}"
        );
    }
    // Without `expand` a placeholder is a text like any other.
    check(&[
        ("details.v: '%admins%'", json!({"v": "%admins%"}), true),
        ("details.v|expand: 100%", json!({"v": "100%"}), true),
    ]);
}

#[test]
fn headers_are_checked() {
    let text = &file("  a: {event_type: x}\n  condition: a\n")[0].1;
    for (from, to, words) in [
        (
            "logsource: {product: asana, service: audit}\n",
            "",
            "has no `logsource`",
        ),
        ("product: asana", "product: windows", "a rule for `windows`"),
        (
            "title: rule\n",
            "title: rule\nsigma-version: 3\n",
            "only Sigma 2",
        ),
        ("condition: a\n", "", "missing required field 'condition'"),
    ] {
        let files = [(PathBuf::from("rule.yml"), text.replace(from, to))];
        let pack = Pack::parse(&files);
        assert!(pack.errors[0].problem.contains(words), "{:?}", pack.errors);
        assert!(pack.errors[0].line.is_some(), "{:?}", pack.errors);
    }
}

#[test]
fn bounds_are_kept() {
    let selection = |items: &str| format!("  a: {{{items}}}\n  condition: a\n");
    let long = "a".repeat(REGEX_BYTES_MAX + 1);
    let many: Vec<String> = (0..=REGEXES_MAX)
        .map(|index| format!("a*{index}"))
        .collect();
    for (items, words) in [
        (format!("details.v|re: {long}"), "longer than"),
        (
            "details.v|re: '(a{1000}){1000}'".to_owned(),
            "exceeds size limit",
        ),
        (
            format!("details.v: [{}]", many.join(", ")),
            "regular expressions",
        ),
    ] {
        let fault = refused(&selection(&items));
        assert!(fault.problem.contains(words), "{fault}");
    }
}
