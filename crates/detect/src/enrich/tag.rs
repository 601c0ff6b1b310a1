/// Between the tags of a table's cell.
pub(super) const TAG_SEPARATORS: [char; 3] = [';', ',', '|'];
/// Longest tag.
pub const TAG_BYTES_MAX: usize = 64;

pub(super) const TOR_EXIT: &str = "tor_exit";
pub(super) const ANONYMOUS_PROXY: &str = "anonymous_proxy";
pub(super) const VPN: &str = "vpn";
pub(super) const HOSTING: &str = "hosting";
pub(super) const MALICIOUS: &str = "malicious";

/// Other words for tags that have a meaning here.
const ALIASES: [(&str, &str); 20] = [
    ("tor", TOR_EXIT),
    ("tor_exits", TOR_EXIT),
    ("tor_exit_node", TOR_EXIT),
    ("tor_exit_nodes", TOR_EXIT),
    ("proxy", ANONYMOUS_PROXY),
    ("proxies", ANONYMOUS_PROXY),
    ("anonymous_proxies", ANONYMOUS_PROXY),
    ("anonymizer", ANONYMOUS_PROXY),
    ("anonymizers", ANONYMOUS_PROXY),
    ("vpns", VPN),
    ("cloud", HOSTING),
    ("cloud_provider", HOSTING),
    ("cloud_providers", HOSTING),
    ("datacenter", HOSTING),
    ("datacenters", HOSTING),
    ("hosting_provider", HOSTING),
    ("malicious_addresses", MALICIOUS),
    ("malicious_ips", MALICIOUS),
    ("blocklist", MALICIOUS),
    ("threats", MALICIOUS),
];

/// A tag as it is kept: lower case, `_` for spaces, the one word of several for the same thing.
pub(crate) fn parse_tag(text: &str) -> Result<String, String> {
    let tag: String = text
        .trim()
        .chars()
        .map(|character| match character {
            ' ' => '_',
            _ => character.to_ascii_lowercase(),
        })
        .collect();
    let is_tag = |character: char| character.is_alphanumeric() || "_-.:/".contains(character);
    if tag.is_empty() || tag.len() > TAG_BYTES_MAX || !tag.chars().all(is_tag) {
        return Err(format!(
            "`{}` is no tag: it takes letters, digits and `_-.:/`, at most {TAG_BYTES_MAX} bytes",
            super::shortened(text)
        ));
    }
    let plain = tag.replace('-', "_");
    let known = [TOR_EXIT, ANONYMOUS_PROXY, VPN, HOSTING, MALICIOUS]
        .into_iter()
        .find(|known| *known == plain);
    let alias = || {
        let (_, tag) = ALIASES.iter().find(|(alias, _)| *alias == plain)?;
        Some(*tag)
    };
    Ok(known.or_else(alias).map_or(tag, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_kept_in_one_form() {
        for (text, tag) in [
            ("vpn", "vpn"),
            (" VPN ", "vpn"),
            ("Tor", "tor_exit"),
            ("tor-exits", "tor_exit"),
            ("Tor exit nodes", "tor_exit"),
            ("proxy", "anonymous_proxy"),
            ("Anonymous Proxy", "anonymous_proxy"),
            ("datacenter", "hosting"),
            ("blocklist", "malicious"),
            ("Head Office", "head_office"),
            ("zscaler-eu", "zscaler-eu"),
            ("büro", "büro"),
        ] {
            assert_eq!(parse_tag(text).as_deref(), Ok(tag), "{text}");
        }
        for text in [
            "",
            " ",
            "a\tb",
            "<b>",
            "a'b",
            &"x".repeat(TAG_BYTES_MAX + 1),
        ] {
            assert!(parse_tag(text).is_err(), "{text}");
        }
        assert!(parse_tag(&"x".repeat(TAG_BYTES_MAX)).is_ok());
    }
}
