use proptest::prelude::*;

use super::*;

fn source(name: &str) -> FeedSource {
    FeedSource {
        as_of: "2026-11-20T00:00:00Z".parse().ok(),
        ..FeedSource::named(name).unwrap()
    }
}

fn read(text: impl AsRef<[u8]>) -> Feed {
    Feed::parse(source("tor"), None, text.as_ref()).unwrap()
}

fn fault(format: Option<FeedFormat>, text: impl AsRef<[u8]>) -> String {
    let error = Feed::parse(source("tor"), format, text.as_ref()).unwrap_err();
    error.to_string()
}

/// The entry in which each address is.
fn finds(feed: &Feed, addresses: &[&str]) -> Vec<String> {
    addresses
        .iter()
        .map(|address| {
            let network = feed.find(address.parse().unwrap());
            network.map_or_else(|| "-".to_owned(), |network| network.to_string())
        })
        .collect()
}

#[test]
fn names_mean_kinds() {
    for (name, tag) in [
        ("tor", "tor_exit"),
        ("tor_exits", "tor_exit"),
        ("Tor-Exits", "tor_exit"),
        ("tor_exit", "tor_exit"),
        ("proxies", "anonymous_proxy"),
        ("vpn", "vpn"),
        ("hosting", "hosting"),
        ("malicious", "malicious"),
        ("partners", "partners"),
    ] {
        let kind: FeedKind = name.parse().unwrap();
        assert_eq!(kind.tag(), tag, "{name}");
        assert_eq!(kind.is_own(), tag == "partners", "{name}");
        let json = serde_json::to_string(&kind).unwrap();
        assert_eq!(json, format!("\"{tag}\""));
        assert_eq!(serde_json::from_str::<FeedKind>(&json).unwrap(), kind);
    }
    assert!(FeedSource::named("<script>").is_err());
}

#[test]
fn lists_and_netsets_are_read_and_what_is_none_is_refused() {
    let feed = read(concat!(
        "\u{feff}# Tor exits\r\n",
        "; another comment\r\n",
        "\r\n",
        "198.51.100.7\r\n",
        "198.51.100.7\r\n",
        "203.0.113.0/25 # half of it\r\n",
        "192.0.2.16-192.0.2.19\r\n",
        "192.0.2.64\t17\r\n",
        "192.0.2.65 ; SBL1\r\n",
        "192.0.2.66:9001\r\n",
        "2001:db8:1::/48\r\n",
        "exit.example.com\r\n",
        "0.0.0.0/0\r\n",
        "198.51.100.300\r\n",
    ));
    assert_eq!(feed.entries(), 7);
    assert_eq!(
        finds(
            &feed,
            &[
                "198.51.100.7",
                "203.0.113.9",
                "203.0.113.200",
                "192.0.2.18",
                "192.0.2.64",
                "192.0.2.65",
                "192.0.2.66",
                "2001:db8:1::9"
            ]
        ),
        [
            "198.51.100.7/32",
            "203.0.113.0/25",
            "-",
            "192.0.2.16/30",
            "192.0.2.64/32",
            "192.0.2.65/32",
            "192.0.2.66/32",
            "2001:db8:1::/48"
        ]
    );
    let refusals: Vec<String> = feed
        .refusals()
        .iter()
        .map(|refusal| format!("{}: {}", refusal.line, refusal.reason))
        .collect();
    assert_eq!(feed.refused(), 3);
    assert_eq!(
        refusals,
        [
            "12: this is no address: `exit.example.com`",
            "13: 0.0.0.0/0 is every address there is",
            "14: this is no address: `198.51.100.300`",
        ]
    );
}

#[test]
fn tables_are_read_by_column() {
    for (text, column, expected) in [
        ("ip,since\n198.51.100.7,2026\n", None, "198.51.100.7/32"),
        (
            "since,IP_Address\n2026,198.51.100.7\n",
            None,
            "198.51.100.7/32",
        ),
        (
            "# made today\nfirst_seen_utc,dst_ip,port\n2026,198.51.100.7,443\n",
            None,
            "198.51.100.7/32",
        ),
        (
            "198.51.100.0/24,x\n203.0.113.1,y\n",
            None,
            "198.51.100.0/24",
        ),
        ("range,owner\n198.51.100.0/24,x\n", None, "198.51.100.0/24"),
        (
            "a,where,b\n1,\"198.51.100.7\",2\n",
            Some("Where"),
            "198.51.100.7/32",
        ),
    ] {
        let format = column.map(|column| FeedFormat::Csv {
            column: Some(column.to_owned()),
        });
        let feed = Feed::parse(source("vpn"), format, text.as_bytes()).unwrap();
        assert_eq!(finds(&feed, &["198.51.100.7"]), [expected], "{text}");
        assert_eq!(feed.refused(), 0, "{text}");
    }
    let feed = read("ip,x\n198.51.100.7,1\nhost,2\n\n203.0.113.1\n");
    assert_eq!((feed.entries(), feed.refused()), (2, 1));
    assert_eq!(feed.refusals()[0].line, 3);
    let column = FeedFormat::Csv {
        column: Some("where".to_owned()),
    };
    assert_eq!(
        fault(Some(column), "ip,x\n198.51.100.7,1\n"),
        "reading the feed `tor`: its first line names no column `where`"
    );
}

#[test]
fn stix_bundles_are_read() {
    let feed = read(
        r#"{"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "identity", "name": "somebody", "revoked": "odd"},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z"},
        {"type": "indicator", "pattern": "[ipv4-addr:value ISSUBSET '203.0.113.0/24'] OR [ipv6-addr:value = '2001:db8::1']", "pattern_type": "stix", "valid_until": "2026-11-21T00:00:00Z"},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '192.0.2.1']", "pattern_type": "stix", "valid_until": "2026-11-20T00:00:00.000Z"},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '192.0.2.2']", "revoked": true},
        {"type": "indicator", "pattern": "[domain-name:value = 'example.com']", "pattern_type": "stix"},
        {"type": "indicator", "pattern": "alert tcp", "pattern_type": "snort"},
        {"type": "indicator", "pattern": 7},
        {"name": "without a type"},
        17
    ]}"#,
    );
    assert_eq!((feed.entries(), feed.ended()), (3, 2));
    assert_eq!(
        finds(
            &feed,
            &[
                "198.51.100.7",
                "203.0.113.9",
                "2001:db8::1",
                "192.0.2.1",
                "192.0.2.2"
            ]
        ),
        [
            "198.51.100.7/32",
            "203.0.113.0/24",
            "2001:db8::1/128",
            "-",
            "-"
        ]
    );
    let lines: Vec<u64> = feed.refusals().iter().map(|refusal| refusal.line).collect();
    assert_eq!(lines, [1, 6, 7, 8, 9, 10]);
    assert_eq!(
        feed.refusals()[1].reason,
        "it is not about addresses: `[domain-name:value = 'example.com']`"
    );
    assert!(
        fault(None, "{\"objects\": 3}")
            .starts_with("reading the feed `tor`: it is no STIX bundle (invalid type")
    );
    assert_eq!(read("{\"type\": \"bundle\", \"id\": \"b\"}").entries(), 0);
    assert_eq!(read("{\"objects\": []}").entries(), 0);
    let error = fault(None, "{\"error\": \"no such list\"}");
    assert!(error.contains("no STIX bundle"), "{error}");
}

#[test]
fn a_page_in_place_of_a_list_is_an_error() {
    assert_eq!(
        fault(None, "<!doctype html>\n<title>Not found</title>\n"),
        "reading the feed `tor`: nothing in it is an address (line 1: this is no address: `<!doctype html>`)"
    );
    assert_eq!(read("").entries(), 0);
    assert_eq!(read("# nobody today\n").entries(), 0);
}

#[test]
fn feeds_are_bounded() {
    let shown = FEED_REFUSALS_SHOWN_MAX;
    let feed = read(format!("198.51.100.7\n{}", "x\n".repeat(shown + 5)));
    assert_eq!((feed.refusals().len(), feed.refused()), (shown, 25));

    // Zeros cost no memory until they are looked at, which they are not.
    assert_eq!(
        fault(None, vec![0; FEED_BYTES_MAX + 1]),
        "reading the feed `tor`: it has more than 268435456 bytes"
    );

    let line = |length: usize| format!("198.51.100.7 {}\n203.0.113.1\n", "x".repeat(length - 13));
    assert_eq!(read(line(FEED_LINE_BYTES_MAX)).entries(), 2);
    assert_eq!(read(line(FEED_LINE_BYTES_MAX + 1)).entries(), 1);
    let cell = |length: usize| format!("ip,x\n{}198.51.100.7,x\n", " ".repeat(length - 12));
    assert_eq!(read(cell(FEED_LINE_BYTES_MAX)).entries(), 1);
    assert!(fault(None, cell(FEED_LINE_BYTES_MAX + 1)).contains("nothing in it is an address"));

    let name = |length: usize| FeedSource {
        name: "x".repeat(length),
        ..source("tor")
    };
    assert!(Feed::parse(name(TEXT_BYTES_MAX), None, b"").is_ok());
    assert!(Feed::parse(name(TEXT_BYTES_MAX + 1), None, b"").is_err());
}

#[test]
fn a_feed_is_bounded_in_entries() {
    let mut feed = read("");
    let most = u32::try_from(FEED_ENTRIES_MAX).unwrap();
    for address in 0..most {
        feed.networks
            .insert(IpAddr::from(address.to_be_bytes()).into(), ());
    }
    let more = crate::enrich::network::parse_networks("198.51.100.7").unwrap();
    assert!(matches!(feed.take(1, more), Err(Fault::TooManyEntries)));
}

#[test]
fn age_is_told_where_it_is_known() {
    let feed = read("");
    let as_of = feed.source().as_of.unwrap();
    assert_eq!(feed.is_old(as_of + FEED_AGE_WARNING), Some(false));
    assert_eq!(
        feed.is_old(as_of + FEED_AGE_WARNING + TimeDelta::seconds(1)),
        Some(true)
    );
    let undated = Feed::parse(FeedSource::named("tor").unwrap(), None, b"").unwrap();
    assert_eq!(undated.is_old(as_of), None);
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        text in "(198\\.51\\.100\\.7|/|-|,|\n|\"|#|;|\\{|\\[|\"objects\":|ip| ){0,40}",
    ) {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            for format in [None, Some(FeedFormat::Lines), Some(FeedFormat::Csv { column: None }), Some(FeedFormat::Stix)] {
                if let Ok(feed) = Feed::parse(source("odd"), format, bytes) {
                    feed.find("198.51.100.7".parse().unwrap());
                }
            }
        }
    }

    #[test]
    fn good_lines_are_kept_whatever_stands_between(garbage in prop::collection::vec("[a-z<>.!]{1,20}", 0..30), hosts in prop::collection::vec(any::<u32>(), 1..30)) {
        let mut lines: Vec<String> = hosts.iter().map(|host| std::net::Ipv4Addr::from(*host).to_string()).collect();
        for (place, text) in garbage.iter().enumerate() {
            lines.insert((place * 7) % lines.len(), text.clone());
        }
        let feed = Feed::parse(source("x"), Some(FeedFormat::Lines), lines.join("\n").as_bytes()).unwrap();
        for host in hosts {
            prop_assert!(feed.find(std::net::Ipv4Addr::from(host).into()).is_some());
        }
        prop_assert_eq!(feed.refused(), u64::try_from(garbage.len()).unwrap());
    }
}
