use std::fmt::Write as _;

use drishti_model::{AddressCategory, Context, DeviceKind};
use proptest::prelude::*;
use serde_json::json;

use super::places::fixture;
use super::*;

fn feed(name: &str, text: &str) -> Feed {
    let source = FeedSource {
        as_of: "2026-11-20T00:00:00Z".parse().ok(),
        ..FeedSource::named(name).unwrap()
    };
    Feed::parse(source, None, text.as_bytes()).unwrap()
}

fn table(name: &str, text: &str) -> PlacesFile {
    PlacesFile::parse(name, text.into(), None).unwrap()
}

fn range(json: serde_json::Value) -> OwnRange {
    serde_json::from_value(json).unwrap()
}

fn enricher(files: Vec<PlacesFile>, ranges: Vec<OwnRange>, feeds: Vec<Feed>) -> Enricher {
    Enricher::new(
        Places::new(files).unwrap(),
        OwnRanges::new(ranges).unwrap(),
        feeds,
        Agents::new(Supported::shipped()),
    )
    .unwrap()
}

/// Place, network, category and tags in one line.
fn says(enricher: &Enricher, address: &str) -> String {
    let Some(facts) = enricher.facts(address) else {
        return "nothing".to_owned();
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    format!(
        "{} {} {} {} {} {} {}",
        text(&facts.country),
        text(&facts.city),
        text(
            &facts
                .coordinates()
                .map(|(north, east)| format!("{north}/{east}"))
        ),
        text(&facts.asn.map(|asn| asn.to_string())),
        text(&facts.organization),
        facts.category.map_or("?", AddressCategory::as_str),
        facts.tags.join(","),
    )
}

fn whys(enricher: &Enricher, address: &str) -> Vec<String> {
    let whys = enricher.why(address).into_iter();
    whys.map(|why| {
        let mut line = format!("{} {} by {}", why.fact.as_str(), why.value, why.origin);
        if let Some(reason) = why.overruled {
            write!(line, ", but {reason}").unwrap();
        }
        line
    })
    .collect()
}

const PLACES: &str = concat!(
    "network,country,city,latitude,longitude,asn,organization,tags\n",
    "5.0.0.0/8,DE,Berlin,52.5,13.4,64500,Meadow Cable,residential\n",
    "5.1.0.0/16,NL,Amsterdam,52.4,4.9,64501,Burrow,vpn;hosting\n",
    "5.2.0.0/16,NL,,,,64502,Granite Cloud,hosting\n",
    "203.0.113.0/24,FR,Paris,48.9,2.4,64503,Examples,\n",
    "10.20.0.0/16,DE,Munich,48.1,11.6,,,lan\n",
    "192.0.0.0/8,US,,,,64504,Wide,wide\n",
);

#[test]
fn tags_of_tables_and_feeds_make_categories() {
    let enricher = enricher(
        vec![table("places.csv", PLACES)],
        Vec::new(),
        vec![
            feed("tor", "5.1.0.7\n"),
            feed("vpn", "5.2.1.0/24"),
            feed("malicious", "5.0.0.66"),
            feed("proxies", "5.0.0.67"),
            feed("partners", "5.0.0.68\n10.0.0.0/8"),
        ],
    );
    for (address, expected) in [
        (
            "5.0.0.1",
            "DE Berlin 52.5/13.4 64500 Meadow Cable ? residential",
        ),
        (
            "5.1.0.1",
            "NL Amsterdam 52.4/4.9 64501 Burrow vpn hosting,vpn",
        ),
        (
            "5.2.0.1",
            "NL ? ? 64502 Granite Cloud cloud_provider hosting",
        ),
        ("5.2.1.1", "NL ? ? 64502 Granite Cloud vpn hosting,vpn"),
        (
            "5.1.0.7",
            "NL Amsterdam 52.4/4.9 64501 Burrow risky hosting,tor_exit,vpn",
        ),
        (
            "5.0.0.66",
            "DE Berlin 52.5/13.4 64500 Meadow Cable risky malicious,residential",
        ),
        (
            "5.0.0.67",
            "DE Berlin 52.5/13.4 64500 Meadow Cable risky anonymous_proxy,residential",
        ),
        (
            "5.0.0.68",
            "DE Berlin 52.5/13.4 64500 Meadow Cable ? partners,residential",
        ),
        (
            "::ffff:5.0.0.68",
            "DE Berlin 52.5/13.4 64500 Meadow Cable ? partners,residential",
        ),
        ("9.9.9.9", "nothing"),
        ("2a02::1", "nothing"),
        ("not an address", "nothing"),
        ("", "nothing"),
    ] {
        assert_eq!(says(&enricher, address), expected, "{address}");
    }
}

#[test]
fn own_ranges_beat_feeds_and_the_longest_prefix_wins() {
    let enricher = enricher(
        vec![table("places.csv", PLACES)],
        vec![
            range(
                json!({"name": "all", "networks": ["5.0.0.0/8"], "category": "other", "tags": ["ours"]}),
            ),
            range(
                json!({"name": "hq", "networks": ["5.1.0.0/24", "2001:db8::/32"], "category": "corporate", "tags": ["hq"], "organization": "Acme",
                "place": {"country": "GB", "city": "London"}}),
            ),
            range(
                json!({"name": "bastion", "networks": ["5.1.0.8"], "category": "administrative"}),
            ),
            range(json!({"name": "gateway", "networks": ["5.0.9.0/24"], "category": "vpn"})),
        ],
        vec![
            feed("tor", "5.1.0.7\n5.1.0.8\n5.0.9.7\n5.3.0.1\n"),
            feed("hosting", "5.1.0.0/24"),
        ],
    );
    for (address, expected) in [
        (
            "5.0.0.1",
            "DE Berlin 52.5/13.4 64500 Meadow Cable other ours,residential",
        ),
        // Its place replaces the other one as a whole; its number is still that of the network.
        ("5.1.0.1", "GB London ? 64501 Acme corporate hosting,hq,vpn"),
        // Nothing makes a corporate or administrative address risky, nor the owner's VPN.
        ("5.1.0.7", "GB London ? 64501 Acme corporate hosting,hq,vpn"),
        (
            "5.1.0.8",
            "NL Amsterdam 52.4/4.9 64501 Burrow administrative hosting,vpn",
        ),
        (
            "5.0.9.7",
            "DE Berlin 52.5/13.4 64500 Meadow Cable vpn residential",
        ),
        // Elsewhere the category is the owner's, and the tags are of both.
        (
            "5.3.0.1",
            "DE Berlin 52.5/13.4 64500 Meadow Cable other ours,residential,tor_exit",
        ),
        ("2001:db8::7", "GB London ? ? Acme corporate hq"),
    ] {
        assert_eq!(says(&enricher, address), expected, "{address}");
    }
}

#[test]
fn special_addresses_have_no_place_unless_they_are_named() {
    let country = |name: &str, network: &str, code: &str| {
        let record = json!({"country": {"iso_code": code}});
        let bytes = fixture::database("GeoLite2-Country", 1_790_000_000, &[(network, record)]);
        PlacesFile::parse(name, bytes, None).unwrap()
    };
    let enricher = enricher(
        vec![
            table("places.csv", PLACES),
            country("wide.mmdb", "0.0.0.0/1", "US"),
            country("own.mmdb", "10.30.0.0/16", "SE"),
        ],
        vec![range(
            json!({"name": "lan", "networks": ["10.40.0.0/16"], "category": "corporate"}),
        )],
        vec![
            feed(
                "malicious",
                "10.0.0.0/8\n100.64.0.0/10\n127.0.0.1\n198.51.100.0/24\n203.0.113.77",
            ),
            feed("offices", "172.16.0.0/12"),
        ],
    );
    for (address, expected) in [
        // Only what covers the whole internet, or lists the whole block, speaks of them.
        ("10.0.0.1", "nothing"),
        ("100.64.0.1", "nothing"),
        ("192.168.1.1", "nothing"),
        ("192.0.2.1", "nothing"),
        ("169.254.1.1", "nothing"),
        ("224.0.0.1", "nothing"),
        ("::ffff:10.0.0.1", "nothing"),
        ("fe80::1", "nothing"),
        ("fd00::1", "nothing"),
        ("::1", "nothing"),
        // Named by the table, the database, an own range, an own feed, a feed.
        ("10.20.0.1", "DE Munich 48.1/11.6 ? ? ? lan"),
        ("10.30.0.1", "SE ? ? ? ? ? "),
        ("10.40.0.1", "? ? ? ? ? corporate "),
        ("172.16.0.1", "? ? ? ? ? ? offices"),
        ("127.0.0.1", "? ? ? ? ? risky malicious"),
        ("203.0.113.9", "FR Paris 48.9/2.4 64503 Examples ? "),
        (
            "203.0.113.77",
            "FR Paris 48.9/2.4 64503 Examples risky malicious",
        ),
        ("198.51.100.1", "? ? ? ? ? risky malicious"),
        ("9.9.9.9", "US ? ? ? ? ? "),
    ] {
        assert_eq!(says(&enricher, address), expected, "{address}");
    }
    assert_eq!(
        whys(&enricher, "10.0.0.1"),
        [
            "country US by GeoLite2-Country `wide.mmdb` of 2026-09-21 (0.0.0.0/1), but of private addresses only entries about this very network count",
            "tag malicious by feed `malicious` of 2026-11-20 (10.0.0.0/8), but of private addresses only entries about this very network count",
            "category risky by feed `malicious` of 2026-11-20 (10.0.0.0/8), but of private addresses only entries about this very network count",
        ]
    );
}

#[test]
fn several_files_answer_together() {
    let country = table("country.csv", "network,country\n5.0.0.0/8,FR\n");
    let city = table(
        "city.csv",
        "network,country,city\n5.0.0.0/8,DE,Berlin\n5.1.0.0/16,,\n",
    );
    let other = table(
        "other.csv",
        "network,country,city,tags\n5.0.0.0/8,NL,Amsterdam,mobile\n",
    );
    let asn = table(
        "asn.csv",
        "network,asn,organization\n5.0.0.0/8,64500,Meadow\n",
    );
    let isp = table(
        "isp.csv",
        "network,organization,tags\n5.0.0.0/8,Brook,residential\n",
    );
    let enricher = enricher(vec![country, city, other, isp, asn], Vec::new(), Vec::new());
    assert_eq!(
        says(&enricher, "5.0.0.1"),
        "DE Berlin ? 64500 Meadow ? mobile,residential"
    );
    assert_eq!(
        says(&enricher, "5.1.0.1"),
        "NL Amsterdam ? 64500 Meadow ? mobile,residential"
    );
    assert_eq!(
        whys(&enricher, "5.0.0.1"),
        [
            "country FR by CSV `country.csv` (5.0.0.0/8), but taken from `city.csv`",
            "country DE by CSV `city.csv` (5.0.0.0/8)",
            "city Berlin by CSV `city.csv` (5.0.0.0/8)",
            "country NL by CSV `other.csv` (5.0.0.0/8), but taken from `city.csv`",
            "city Amsterdam by CSV `other.csv` (5.0.0.0/8), but taken from `city.csv`",
            "tag mobile by CSV `other.csv` (5.0.0.0/8)",
            "organization Brook by CSV `isp.csv` (5.0.0.0/8), but taken from `asn.csv`",
            "tag residential by CSV `isp.csv` (5.0.0.0/8)",
            "asn 64500 by CSV `asn.csv` (5.0.0.0/8)",
            "organization Meadow by CSV `asn.csv` (5.0.0.0/8)",
        ]
    );
}

#[test]
fn every_answer_says_where_it_comes_from() {
    let hq = range(
        json!({"name": "hq", "networks": ["5.1.0.0/24"], "category": "corporate", "tags": ["hq"], "organization": "Acme",
        "place": {"country": "GB", "city": "London", "latitude": 51.5, "longitude": -0.1}}),
    );
    let enricher = enricher(
        vec![table("places.csv", PLACES)],
        vec![hq],
        vec![feed("tor", "5.1.0.7"), feed("vpn", "5.1.0.0/16")],
    );
    assert_eq!(
        whys(&enricher, "5.1.0.7"),
        [
            "category corporate by own range `hq` (5.1.0.0/24)",
            "tag hq by own range `hq` (5.1.0.0/24)",
            "country GB by own range `hq` (5.1.0.0/24)",
            "city London by own range `hq` (5.1.0.0/24)",
            "coordinates 51.5, -0.1 by own range `hq` (5.1.0.0/24)",
            "organization Acme by own range `hq` (5.1.0.0/24)",
            "country NL by CSV `places.csv` (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
            "city Amsterdam by CSV `places.csv` (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
            "coordinates 52.4, 4.9 by CSV `places.csv` (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
            "asn 64501 by CSV `places.csv` (5.1.0.0/16)",
            "organization Burrow by CSV `places.csv` (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
            "tag vpn by CSV `places.csv` (5.1.0.0/16)",
            "tag hosting by CSV `places.csv` (5.1.0.0/16)",
            "tag tor_exit by feed `tor` of 2026-11-20 (5.1.0.7/32), but the own range `hq` (corporate) says otherwise",
            "tag vpn by feed `vpn` of 2026-11-20 (5.1.0.0/16)",
            "category vpn by CSV `places.csv` (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
            "category cloud_provider by CSV `places.csv` (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
            "category risky by feed `tor` of 2026-11-20 (5.1.0.7/32), but the own range `hq` (corporate) says otherwise",
            "category vpn by feed `vpn` of 2026-11-20 (5.1.0.0/16), but the own range `hq` (corporate) says otherwise",
        ]
    );
    let outside = whys(&enricher, "5.1.9.9");
    assert!(outside.contains(&"category vpn by feed `vpn` of 2026-11-20 (5.1.0.0/16)".to_owned()));
    assert!(
        outside.contains(
            &"category cloud_provider by CSV `places.csv` (5.1.0.0/16), but `vpn` weighs more"
                .to_owned()
        )
    );
    assert_eq!(whys(&enricher, "9.9.9.9"), [""; 0]);
    assert_eq!(whys(&enricher, "nowhere"), [""; 0]);
    let json = serde_json::to_value(enricher.why("5.1.0.7")).unwrap();
    assert_eq!(
        json[13],
        json!({
            "fact": "tag",
            "value": "tor_exit",
            "origin": {"origin": "feed", "name": "tor", "network": "5.1.0.7/32", "as_of": "2026-11-20T00:00:00Z", "licence": null},
            "overruled": "the own range `hq` (corporate) says otherwise",
        })
    );
}

#[test]
fn events_get_what_is_known_and_nothing_else() {
    let enricher = enricher(vec![table("places.csv", PLACES)], Vec::new(), Vec::new());
    let event = |address: Option<&str>, agent: Option<&str>| AuditEvent {
        gid: "1".to_owned(),
        context: Context {
            client_ip_address: address.map(str::to_owned),
            user_agent: agent.map(str::to_owned),
            ..Context::default()
        },
        ..AuditEvent::default()
    };
    let first = event(Some("5.0.0.1"), Some("curl/8.4.0"));
    let known = enricher.enrich(first.clone());
    assert_eq!(known.event, first);
    assert_eq!(
        known.address.as_ref().unwrap().country.as_deref(),
        Some("DE")
    );
    assert_eq!(
        known.device.as_ref().unwrap().kind,
        Some(DeviceKind::Program)
    );
    // The second time it is the same value, not an equal one.
    let again = enricher.enrich(first);
    assert!(Arc::ptr_eq(
        &known.address.unwrap(),
        &again.address.unwrap()
    ));
    assert!(Arc::ptr_eq(&known.device.unwrap(), &again.device.unwrap()));
    for (address, agent) in [
        (None, None),
        (Some(""), Some("")),
        (Some("9.9.9.9"), Some("-")),
    ] {
        for _ in 0..2 {
            let known = enricher.enrich(event(address, agent));
            assert_eq!((known.address, known.device), (None, None));
        }
    }
}

#[test]
fn an_enricher_serves_many_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&enricher(Vec::new(), Vec::new(), Vec::new()));
}

#[test]
fn caches_are_bounded() {
    let enricher = enricher(vec![table("places.csv", PLACES)], Vec::new(), Vec::new());
    for number in 0..u32::try_from(ADDRESSES_CACHED_MAX + 5_000).unwrap() {
        let address = std::net::Ipv4Addr::from(0x0500_0000 + number).to_string();
        assert!(enricher.facts(&address).is_some());
    }
    assert!(enricher.addresses.len() <= ADDRESSES_CACHED_MAX);
    for number in 0..AGENTS_CACHED_MAX + 500 {
        assert!(enricher.device(&format!("acme/{number}")).is_some());
    }
    assert!(enricher.devices.len() <= AGENTS_CACHED_MAX);
    // What can be no address is not kept, however much of it there is.
    let before = enricher.addresses.len();
    assert_eq!(enricher.facts(&"1".repeat(ADDRESS_BYTES_MAX + 1)), None);
    assert_eq!(enricher.addresses.len(), before);
}

#[test]
fn feeds_have_names_of_their_own_and_are_not_too_many() {
    let new = |feeds: Vec<Feed>| {
        Enricher::new(
            Places::default(),
            OwnRanges::default(),
            feeds,
            Agents::new(Supported::shipped()),
        )
    };
    let numbered = |count: usize| (0..count).map(|it| feed(&format!("f{it}"), "")).collect();
    assert!(new(numbered(FEEDS_MAX)).is_ok());
    let error = new(numbered(FEEDS_MAX + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "putting the feeds together: 101 are more than 100"
    );
    let error = new(vec![feed("a", ""), feed("a", "")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "putting the feeds together: two are called `a`"
    );
}

#[test]
fn a_file_is_read_up_to_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.txt");
    std::fs::write(&path, "0123456789").unwrap();
    assert_eq!(read_file(&path, 10).unwrap(), b"0123456789");
    // One byte more than the bound, so that who parses it can tell.
    assert_eq!(read_file(&path, 4).unwrap(), b"01234");
    let missing = folder.path().join("missing");
    let error = read_file(&missing, 4).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("reading `{}`", missing.display())
    );
}

#[test]
fn text_from_outside_is_shown_on_one_short_line() {
    assert_eq!(shortened("a\nb\u{1b}[31m"), "a b [31m");
    assert_eq!(shortened(&"é".repeat(81)), format!("{}…", "é".repeat(80)));
}

proptest! {
    /// The promise of `why`: what counts there is what is known, no more and no less.
    #[test]
    fn facts_and_reasons_agree(bits in 0x0500_0000_u32..0x0503_0000, corporate: bool) {
        let category = if corporate { "corporate" } else { "vpn" };
        let enricher = enricher(
            vec![table("places.csv", PLACES)],
            vec![range(json!({"name": "r", "networks": ["5.1.0.0/17", "5.0.128.0/17"], "category": category, "tags": ["ours"]}))],
            vec![feed("tor", "5.1.0.0/20\n5.0.0.0/12"), feed("hosting", "5.2.0.0/17")],
        );
        let address = std::net::Ipv4Addr::from(bits).to_string();
        let facts = enricher.facts(&address).unwrap();
        let counted: Vec<Provenance> = enricher.why(&address).into_iter().filter(|why| why.overruled.is_none()).collect();
        let values = |fact: Fact| -> Vec<String> {
            let mut values: Vec<String> = counted.iter().filter(|why| why.fact == fact).map(|why| why.value.clone()).collect();
            values.sort();
            values.dedup();
            values
        };
        let one = |value: Option<String>| -> Vec<String> { value.into_iter().collect() };
        prop_assert_eq!(values(Fact::Tag), facts.tags.clone());
        prop_assert_eq!(values(Fact::Category), one(facts.category.map(|it| it.as_str().to_owned())));
        prop_assert_eq!(values(Fact::Country), one(facts.country.clone()));
        prop_assert_eq!(values(Fact::City), one(facts.city.clone()));
        prop_assert_eq!(values(Fact::Asn), one(facts.asn.map(|asn| asn.to_string())));
        prop_assert_eq!(values(Fact::Organization), one(facts.organization.clone()));
        prop_assert_eq!(values(Fact::Coordinates), one(facts.coordinates().map(|(north, east)| format!("{north}, {east}"))));
        prop_assert!(!corporate || !facts.has_tag("tor_exit") || !facts.has_tag("ours"));
    }
}
