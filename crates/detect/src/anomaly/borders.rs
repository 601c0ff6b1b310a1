//! Which countries border each other on land (the facts of the CIA World Factbook, in the public domain, field *land boundaries*), and
//! a few that a bridge or tunnel joins. Each pair stands at one of its countries.

use crate::baseline::country_code;

/// Country, and neighbours that come after it in the alphabet.
const BORDERS: [(&str, &str); 119] = [
    ("AD", "ES FR"),
    ("AE", "OM SA"),
    ("AF", "CN IR PK TJ TM UZ"),
    ("AL", "GR ME MK XK"),
    ("AM", "AZ GE IR TR"),
    ("AO", "CD CG NA ZM"),
    ("AR", "BO BR CL PY UY"),
    ("AT", "CH CZ DE HU IT LI SI SK"),
    ("AZ", "GE IR RU TR"),
    ("BA", "HR ME RS"),
    ("BD", "IN MM"),
    ("BE", "DE FR LU NL"),
    ("BF", "BJ CI GH ML NE TG"),
    ("BG", "GR MK RO RS TR"),
    ("BH", "SA"),
    ("BI", "CD RW TZ"),
    ("BJ", "NE NG TG"),
    ("BN", "MY"),
    ("BO", "BR CL PE PY"),
    ("BR", "CO GF GY PE PY SR UY VE"),
    ("BT", "CN IN"),
    ("BW", "NA ZA ZM ZW"),
    ("BY", "LT LV PL RU UA"),
    ("BZ", "GT MX"),
    ("CA", "US"),
    ("CD", "CF CG RW SS TZ UG ZM"),
    ("CF", "CG CM SD SS TD"),
    ("CG", "CM GA"),
    ("CH", "DE FR IT LI"),
    ("CI", "GH GN LR ML"),
    ("CL", "PE"),
    ("CM", "GA GQ NG TD"),
    ("CN", "HK IN KG KP KZ LA MM MN MO NP PK RU TJ VN"),
    ("CO", "EC PA PE VE"),
    ("CR", "NI PA"),
    ("CZ", "DE PL SK"),
    ("DE", "DK FR LU NL PL"),
    ("DJ", "ER ET SO"),
    ("DK", "SE"),
    ("DO", "HT"),
    ("DZ", "EH LY MA ML MR NE TN"),
    ("EC", "PE"),
    ("EE", "LV RU"),
    ("EG", "IL LY PS SD"),
    ("EH", "MA MR"),
    ("ER", "ET SD"),
    ("ES", "FR GI MA PT"),
    ("ET", "KE SD SO SS"),
    ("FI", "NO RU SE"),
    ("FR", "GB IT LU MC"),
    ("GA", "GQ"),
    ("GB", "IE"),
    ("GE", "RU TR"),
    ("GF", "SR"),
    ("GH", "TG"),
    ("GM", "SN"),
    ("GN", "GW LR ML SL SN"),
    ("GR", "MK TR"),
    ("GT", "HN MX SV"),
    ("GW", "SN"),
    ("GY", "SR VE"),
    ("HK", "MO"),
    ("HN", "NI SV"),
    ("HR", "HU ME RS SI"),
    ("HU", "RO RS SI SK UA"),
    ("ID", "MY PG TL"),
    ("IL", "JO LB PS SY"),
    ("IN", "MM NP PK"),
    ("IQ", "IR JO KW SA SY TR"),
    ("IR", "PK TM TR"),
    ("IT", "SI SM VA"),
    ("JO", "PS SA SY"),
    ("KE", "SO SS TZ UG"),
    ("KG", "KZ TJ UZ"),
    ("KH", "LA TH VN"),
    ("KP", "KR RU"),
    ("KW", "SA"),
    ("KZ", "RU TM UZ"),
    ("LA", "MM TH VN"),
    ("LB", "SY"),
    ("LR", "SL"),
    ("LS", "ZA"),
    ("LT", "LV PL RU"),
    ("LV", "RU"),
    ("LY", "NE SD TD TN"),
    ("MD", "RO UA"),
    ("ME", "RS XK"),
    ("MF", "SX"),
    ("MK", "RS XK"),
    ("ML", "MR NE SN"),
    ("MM", "TH"),
    ("MN", "RU"),
    ("MR", "SN"),
    ("MW", "MZ TZ ZM"),
    ("MX", "US"),
    ("MY", "SG TH"),
    ("MZ", "SZ TZ ZA ZM ZW"),
    ("NA", "ZA ZM"),
    ("NE", "NG TD"),
    ("NG", "TD"),
    ("NO", "RU SE"),
    ("OM", "SA YE"),
    ("PL", "RU SK UA"),
    ("QA", "SA"),
    ("RO", "RS UA"),
    ("RS", "XK"),
    ("RU", "UA"),
    ("RW", "TZ UG"),
    ("SA", "YE"),
    ("SD", "SS TD"),
    ("SK", "UA"),
    ("SS", "UG"),
    ("SY", "TR"),
    ("SZ", "ZA"),
    ("TJ", "UZ"),
    ("TM", "UZ"),
    ("TZ", "UG ZM"),
    ("ZA", "ZW"),
    ("ZM", "ZW"),
];

/// Whether two countries, as numbers, border each other.
pub(super) fn touch(one: u64, other: u64) -> bool {
    let (one, other) = (country_code(one.min(other)), country_code(one.max(other)));
    let place = BORDERS.binary_search_by_key(&one.as_str(), |(country, _)| country);
    let neighbours = place.ok().and_then(|place| BORDERS.get(place));
    neighbours.is_some_and(|(_, neighbours)| neighbours.split(' ').any(|country| country == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_each_pair_stands_once() {
        assert!(BORDERS.is_sorted_by(|one, other| one.0 < other.0));
        for (country, neighbours) in BORDERS {
            let neighbours: Vec<&str> = neighbours.split(' ').collect();
            assert!(
                neighbours.is_sorted_by(|one, other| one < other),
                "{country}"
            );
            assert!(
                neighbours
                    .iter()
                    .all(|other| *other > country && other.len() == 2),
                "{country}"
            );
        }
    }

    #[test]
    fn borders_hold_both_ways() {
        let number = crate::baseline::country_value;
        for (one, other, do_touch) in [
            ("DE", "FR", true),
            ("FR", "DE", true),
            ("US", "MX", true),
            ("SG", "MY", true),
            ("DE", "IT", false),
            ("US", "DE", false),
            ("IS", "NO", false),
            ("", "DE", false),
        ] {
            assert_eq!(touch(number(one), number(other)), do_touch, "{one} {other}");
        }
    }
}
