use proptest::prelude::*;
use serde_json::json;

use super::fixture::database;
use super::*;

const BUILT: u64 = 1_790_000_000;

fn table(text: &str) -> PlacesFile {
    PlacesFile::parse("places.csv", text.into(), None).unwrap()
}

fn fault(text: &str) -> String {
    PlacesFile::parse("places.csv", text.into(), None)
        .unwrap_err()
        .to_string()
}

/// Network, place, ASN, organisation and tags in one line.
fn says(file: &PlacesFile, address: &str) -> String {
    let Some((network, answer)) = file.find(address.parse().unwrap()) else {
        return "nothing".to_owned();
    };
    let place = answer.place.clone().unwrap_or_default();
    let text = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    let degrees = |degrees: Option<f64>| text(degrees.map(|degrees| degrees.to_string()));
    format!(
        "{network} {} {} {} {} {} {} {} [{}]",
        text(place.country),
        text(place.region),
        text(place.city),
        degrees(place.latitude),
        degrees(place.longitude),
        text(answer.asn.map(|asn| asn.to_string())),
        text(answer.organization.clone()),
        answer.tags.join(" "),
    )
}

#[test]
fn a_table_is_read_by_the_names_of_its_columns() {
    let file = table(concat!(
        "network,country,region,city,latitude,longitude,asn,organization,tags\n",
        "203.0.113.0/24,DE,Berlin,Berlin,52.52,13.41,64500,Meadow Cable,residential\n",
        "203.0.113.128/25,us,California,San Francisco,37.77,-122.42,AS64501,\"Granite, Inc\",vpn;hosting;tor\n",
        "203.0.113.200,,,,,,,,corporate\n",
        "2001:db8::/32,FR,,Paris,,,0,,\n",
        "198.51.100.1-198.51.100.6,ZZ,,Nowhere,0,0,64502,,\n",
        "# a comment\n",
    ));
    for (address, expected) in [
        (
            "203.0.113.1",
            "203.0.113.0/24 DE Berlin Berlin 52.52 13.41 64500 Meadow Cable [residential]",
        ),
        (
            "203.0.113.129",
            "203.0.113.128/25 US California San Francisco 37.77 -122.42 64501 Granite, Inc [vpn hosting tor_exit]",
        ),
        (
            "203.0.113.200",
            "203.0.113.200/32 ? ? ? ? ? ? ? [corporate]",
        ),
        ("2001:db8::7", "2001:db8::/32 FR ? Paris ? ? ? ? []"),
        ("198.51.100.3", "198.51.100.2/31 ? ? ? ? ? 64502 ? []"),
        ("198.51.100.7", "nothing"),
        ("8.8.8.8", "nothing"),
    ] {
        assert_eq!(says(&file, address), expected, "{address}");
    }
    assert_eq!(file.kind(), "CSV");
    assert_eq!(file.networks(), Some(8));
}

#[test]
fn columns_stand_in_any_order_and_may_be_missing() {
    let file =
        table("\u{feff}City, END_IP ,Start_IP,postcode\nBerlin,203.0.113.255,203.0.113.0,10115\n");
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.0/24 ? ? Berlin ? ? ? ? []"
    );
    assert_eq!(file.ignored_columns(), ["postcode"]);
    // As IPinfo writes it: `country` is a name there.
    let file = table(
        "network,country,country_code,asn,as_name\n203.0.113.0/24,Germany,DE,AS64500,Meadow\n",
    );
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.0/24 DE ? ? ? ? 64500 Meadow []"
    );
    // As MaxMind writes it; short rows are no fault.
    let file = table(
        "network,autonomous_system_number,autonomous_system_organization\r\n203.0.113.0/24,64500\r\n",
    );
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.0/24 ? ? ? ? ? 64500 ? []"
    );
}

#[test]
fn faults_of_a_table_name_the_line() {
    for (text, expected) in [
        (
            "",
            "reading the places `places.csv`: the first line names neither a column `network` nor `start_ip` and `end_ip`",
        ),
        (
            "a,b\n",
            "reading the places `places.csv`: the first line names neither a column `network` nor `start_ip` and `end_ip`",
        ),
        (
            "network,geoname_id\n",
            "reading the places `places.csv`: the first line names none of the columns country, region, city, latitude, longitude, asn, organization and tags",
        ),
        (
            "network,city\n\n203.0.113.0/24,x\nnowhere,x\n",
            "reading the places `places.csv`, line 4: this is no network: `nowhere`",
        ),
        (
            "start_ip,end_ip,city\n203.0.113.9,203.0.113.1,x\n",
            "reading the places `places.csv`, line 2: this is no network: `203.0.113.9 to 203.0.113.1`",
        ),
        (
            "network,country\n203.0.113.0/24,Germany\n",
            "reading the places `places.csv`, line 2: the country is no two-letter code: `Germany`",
        ),
        (
            "network,latitude\n203.0.113.0/24,91\n",
            "reading the places `places.csv`, line 2: the latitude is not between -90 and 90: `91`",
        ),
        (
            "network,longitude\n203.0.113.0/24,NaN\n",
            "reading the places `places.csv`, line 2: the longitude is not between -180 and 180: `NaN`",
        ),
        (
            "network,asn\n203.0.113.0/24,x\n",
            "reading the places `places.csv`, line 2: the ASN is no number: `x`",
        ),
        (
            "network,tags\n203.0.113.0/24,<b>\n",
            "reading the places `places.csv`, line 2: `<b>` is no tag: it takes letters, digits and `_-.:/`, at most 64 bytes",
        ),
        (
            "network,city\n203.0.113.0/24,x\n203.0.113.0/24,x\n203.0.113.0/24,y\n",
            "reading the places `places.csv`, line 4: an earlier line says something else of the network 203.0.113.0/24",
        ),
        (
            "PK\u{3}\u{4}",
            "reading the places `places.csv`: it is packed (zip): unpack it first",
        ),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
    let not_text = b"network,city\n203.0.113.0/24,\xff\n".to_vec();
    let error = PlacesFile::parse("places.csv", not_text, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the places `places.csv`, line 2: it is no valid UTF-8"
    );
    let long = format!(
        "network,city\n203.0.113.0/24,{}\n",
        "x".repeat(TEXT_BYTES_MAX + 1)
    );
    assert!(fault(&long).contains("line 2: a name is longer than 256 bytes"));
    let fits = format!(
        "network,city\n203.0.113.0/24,{}\n",
        "x".repeat(TEXT_BYTES_MAX)
    );
    assert!(PlacesFile::parse("places.csv", fits.into(), None).is_ok());
}

#[test]
fn a_table_is_bounded_in_networks_and_bytes() {
    let text = b"network,city\n203.0.113.0/25,x\n203.0.113.128/25,x\n203.0.113.0/24,y\n";
    assert!(Rows::parse("places.csv", text, 3).is_ok());
    let error = Rows::parse("places.csv", text, 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the places `places.csv`: it names more than 10000000 networks"
    );
    // Zeros cost no memory until they are looked at, which they are not.
    let error = PlacesFile::parse("huge.mmdb", vec![0; PLACES_BYTES_MAX + 1], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the places `huge.mmdb`: it has more than 1073741824 bytes"
    );
    let files = |count: usize| (0..count).map(|_| table("network,city\n")).collect();
    assert!(Places::new(files(PLACES_FILES_MAX)).is_ok());
    assert!(matches!(
        Places::new(files(PLACES_FILES_MAX + 1)),
        Err(EnrichError::TooManyPlaces { count: 17 })
    ));
}

fn maxmind(kind: &str, records: &[(&str, serde_json::Value)]) -> PlacesFile {
    let bytes = database(kind, BUILT, records);
    PlacesFile::parse("test.mmdb", bytes, None).unwrap()
}

#[test]
fn databases_of_maxmind_and_db_ip() {
    let city = json!({
        "city": {"geoname_id": 2_950_159, "names": {"de": "Berlin", "en": "Berlin"}},
        "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"geoname_id": 2_921_044, "iso_code": "DE", "names": {"en": "Germany"}},
        "location": {"accuracy_radius": 20, "latitude": 52.5196, "longitude": 13.4069, "time_zone": "Europe/Berlin"},
        "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
        "traits": {"autonomous_system_number": 64500, "autonomous_system_organization": "Meadow AS", "isp": "Meadow Cable", "user_type": "cellular"},
    });
    let file = maxmind(
        "GeoIP2-Enterprise",
        &[
            ("203.0.113.0/24", city),
            (
                "2001:db8::/32",
                json!({"country": {"iso_code": "FR"}, "location": {"latitude": 48, "longitude": 2.5}}),
            ),
        ],
    );
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.0/24 DE Land Berlin Berlin 52.5196 13.4069 64500 Meadow Cable [mobile]"
    );
    assert_eq!(
        says(&file, "2001:db8::1"),
        "2001:db8::/32 FR ? ? 48 2.5 ? ? []"
    );
    assert_eq!(says(&file, "198.51.100.1"), "nothing");
    assert_eq!(file.kind(), "GeoIP2-Enterprise");
    assert_eq!(file.built(), DateTime::from_timestamp(1_790_000_000, 0));
    assert_eq!(file.networks(), None);

    let asn =
        json!({"autonomous_system_number": 64500, "autonomous_system_organization": "Meadow AS"});
    let file = maxmind("GeoLite2-ASN", &[("203.0.113.0/24", asn)]);
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.0/24 ? ? ? ? ? 64500 Meadow AS []"
    );

    let anonymous = json!({"is_anonymous": true, "is_anonymous_vpn": true, "is_hosting_provider": true, "is_public_proxy": false, "is_tor_exit_node": true});
    let file = maxmind("GeoIP2-Anonymous-IP", &[("203.0.113.9/32", anonymous)]);
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.9/32 ? ? ? ? ? ? ? [tor_exit vpn hosting]"
    );

    let isp = json!({"isp": "Meadow Cable", "organization": "Acme", "autonomous_system_number": 64500, "autonomous_system_organization": "Meadow AS"});
    let file = maxmind("GeoIP2-ISP", &[("203.0.113.0/24", isp)]);
    assert_eq!(
        says(&file, "203.0.113.9"),
        "203.0.113.0/24 ? ? ? ? ? 64500 Meadow Cable []"
    );
}

#[test]
fn databases_of_ipinfo() {
    for (record, expected) in [
        (
            json!({"city": "Berlin", "country": "DE", "geoname_id": "2950159", "lat": "52.52", "lng": "13.41", "region": "Land Berlin", "timezone": "Europe/Berlin"}),
            "203.0.113.0/24 DE Land Berlin Berlin 52.52 13.41 ? ? []",
        ),
        (
            json!({"as_domain": "meadow.example", "as_name": "Meadow Cable", "asn": "AS64500", "continent": "Europe", "country": "Germany", "country_code": "DE"}),
            "203.0.113.0/24 DE ? ? ? ? 64500 Meadow Cable []",
        ),
        (
            json!({"asn": "AS64500", "domain": "meadow.example", "name": "Meadow Cable", "route": "203.0.113.0/24", "type": "isp"}),
            "203.0.113.0/24 ? ? ? ? ? 64500 Meadow Cable []",
        ),
        (
            json!({"hosting": "true", "proxy": "", "relay": "true", "service": "Burrow", "tor": "", "vpn": "true"}),
            "203.0.113.0/24 ? ? ? ? ? ? ? [vpn hosting relay]",
        ),
        (
            json!({"geo": {"city": "Berlin", "country_code": "DE", "latitude": 52.5, "longitude": 13.4, "region": "Land Berlin"}, "as": {"asn": "AS64500", "name": "Meadow Cable"}}),
            "203.0.113.0/24 DE Land Berlin Berlin 52.5 13.4 64500 Meadow Cable []",
        ),
    ] {
        let file = maxmind("ipinfo", &[("203.0.113.0/24", record)]);
        assert_eq!(says(&file, "203.0.113.9"), expected);
    }
}

#[test]
fn what_a_database_does_not_know_is_unknown() {
    for record in [
        json!({"country": {"iso_code": "ZZ"}, "location": {"latitude": 0.5, "longitude": 0.5}}),
        json!({"country": "-", "city": "-", "lat": "0", "lng": "0"}),
        json!({"country": {"names": {"en": "Germany"}}}),
        json!({"country": "Germany"}),
        json!({"location": {"latitude": 91.5, "longitude": "east"}}),
        json!({"asn": "none", "as_name": "", "city": {"names": {"en": "x".repeat(TEXT_BYTES_MAX + 1)}}}),
        json!({"asn": 0, "city": [1, 2], "traits": "x", "subdivisions": {}}),
        json!({"vpn": "false", "tor": false, "proxy": 1}),
    ] {
        let file = maxmind("odd", &[("203.0.113.0/24", record.clone())]);
        assert_eq!(
            says(&file, "203.0.113.9"),
            "203.0.113.0/24 ? ? ? ? ? ? ? []",
            "{record}"
        );
    }
    let mut bytes = database(
        "odd",
        BUILT,
        &[("203.0.113.0/24", json!({"country": "DE"}))],
    );
    bytes.truncate(bytes.len() - 20);
    let error = PlacesFile::parse("cut.mmdb", bytes, None).unwrap_err();
    assert_eq!(error.to_string(), "reading the database `cut.mmdb`");
}

#[test]
fn age_is_told_where_it_is_known() {
    let built = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let file = maxmind("GeoLite2-City", &[]);
    assert_eq!(file.is_old(built + PLACES_AGE_WARNING), Some(false));
    assert_eq!(
        file.is_old(built + PLACES_AGE_WARNING + TimeDelta::seconds(1)),
        Some(true)
    );
    assert_eq!(table("network,city\n").is_old(built), None);
    let dated = PlacesFile::parse("places.csv", "network,city\n".into(), Some(built)).unwrap();
    assert_eq!(dated.built(), Some(built));
}

fn some_database() -> Vec<u8> {
    database(
        "GeoLite2-City",
        BUILT,
        &[
            (
                "203.0.113.0/24",
                json!({"country": {"iso_code": "DE"}, "subdivisions": [{"names": {"en": "Berlin"}}], "location": {"latitude": 52.5}}),
            ),
            ("2001:db8::/32", json!({"asn": "AS1", "as_name": "x"})),
        ],
    )
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd_for_a_table(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(network|start_ip,end_ip|city|,|\n|\"|203\\.0\\.113\\.0/24|x){0,40}") {
        for bytes in [bytes, text.into_bytes()] {
            if let Ok(file) = PlacesFile::parse("odd", bytes, None) {
                file.find("203.0.113.9".parse().unwrap());
            }
        }
    }

    #[test]
    fn no_damage_is_too_odd_for_a_database(damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), length in any::<prop::sample::Index>()) {
        let mut bytes = some_database();
        for (place, byte) in damages {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let mut cut = bytes.clone();
        cut.truncate(length.index(bytes.len()));
        for bytes in [bytes, cut] {
            if let Ok(file) = PlacesFile::parse("odd", bytes, None) {
                for address in ["203.0.113.9", "198.51.100.1", "2001:db8::1", "::"] {
                    file.find(address.parse().unwrap());
                }
            }
        }
    }
}
