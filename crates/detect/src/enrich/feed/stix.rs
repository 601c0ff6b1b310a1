//! STIX 2.1 bundles: the addresses of their indicators (OASIS STIX 2.1, sections 4.7 and 9).

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{FEED_LINE_BYTES_MAX, Fault, Feed};
use crate::enrich::network::{NetworksBetween, parse_networks};

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    /// A bundle may have none; the envelopes of TAXII 2.1 have no type, but these.
    #[serde(borrow)]
    objects: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "type")]
    kind: String,
    pattern: Option<String>,
    pattern_type: Option<String>,
    valid_until: Option<DateTime<Utc>>,
    #[serde(default)]
    revoked: bool,
}

pub(super) fn read(feed: &mut Feed, bytes: &[u8]) -> Result<(), Fault> {
    let bundle: Bundle<'_> = serde_json::from_slice(bytes)
        .map_err(|error| Fault::NoFeed(format!("it is no STIX bundle ({error})")))?;
    if bundle.kind != Some("bundle") && bundle.objects.is_none() {
        let reason =
            "it is JSON, but no STIX bundle: it has neither `\"type\": \"bundle\"` nor `objects`";
        return Err(Fault::NoFeed(reason.to_owned()));
    }
    for (number, object) in (1..).zip(bundle.objects.unwrap_or_default()) {
        match serde_json::from_str::<Object>(object.get()) {
            Ok(object) if object.kind != "indicator" => {}
            Ok(object) => read_indicator(feed, number, &object)?,
            Err(error) => feed.refuse(number, || format!("this is no STIX object ({error})")),
        }
    }
    Ok(())
}

fn read_indicator(feed: &mut Feed, number: u64, indicator: &Object) -> Result<(), Fault> {
    let has_ended = indicator
        .valid_until
        .zip(feed.source.as_of)
        .is_some_and(|(until, as_of)| until <= as_of);
    if indicator.revoked || has_ended {
        feed.ended += 1;
        return Ok(());
    }
    let pattern = indicator.pattern.as_deref().unwrap_or_default();
    let language = indicator.pattern_type.as_deref().unwrap_or("stix");
    let addresses = match language {
        "stix" => addresses(pattern),
        _ => Err("its pattern is written in another language"),
    };
    match addresses {
        Ok(addresses) => {
            for networks in addresses {
                feed.take(number, networks)?;
            }
        }
        Err(reason) => feed.refuse(number, || {
            format!("{reason}: `{}`", crate::enrich::shortened(pattern))
        }),
    }
    Ok(())
}

/// The addresses of which each alone fulfils the pattern: comparisons of `ipv4-addr:value` and `ipv6-addr:value` by `=`, `IN` and
/// `ISSUBSET`, joined by `OR`. What is joined by `OR` and is about something else is passed over.
fn addresses(pattern: &str) -> Result<Vec<NetworksBetween>, &'static str> {
    if pattern.len() > FEED_LINE_BYTES_MAX {
        return Err("its pattern is too long");
    }
    let mut tokens = Tokens(pattern);
    let mut addresses = Vec::new();
    loop {
        comparison(&mut tokens, &mut addresses)?;
        match tokens.next_after_closing()? {
            None => break,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("OR") => {}
            Some(_) => return Err("it joins conditions, so that an address alone says nothing"),
        }
    }
    if addresses.is_empty() {
        return Err("it is not about addresses");
    }
    Ok(addresses)
}

fn comparison(
    tokens: &mut Tokens<'_>,
    addresses: &mut Vec<NetworksBetween>,
) -> Result<(), &'static str> {
    const BROKEN: &str = "its pattern can't be read";
    let Some(Token::Word(path)) = tokens.next_after_opening()? else {
        return Err(BROKEN);
    };
    let Some(Token::Word(operator)) = tokens.next()? else {
        return Err(BROKEN);
    };
    let is_about_addresses = matches!(path, "ipv4-addr:value" | "ipv6-addr:value");
    let mut take = |text: String| -> Result<(), &'static str> {
        if is_about_addresses {
            addresses.push(parse_networks(&text).ok_or("its value is no address")?);
        }
        Ok(())
    };
    match operator.to_ascii_uppercase().as_str() {
        "IN" => {
            tokens.expect('(')?;
            loop {
                take(tokens.value()?)?;
                match tokens.next()? {
                    Some(Token::Sign(',')) => {}
                    Some(Token::Sign(')')) => return Ok(()),
                    _ => return Err(BROKEN),
                }
            }
        }
        "=" | "ISSUBSET" => take(tokens.value()?),
        _ if is_about_addresses => Err("it compares addresses in a way that names none"),
        _ => tokens.value().map(|_| ()),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    /// A path, an operator, a number.
    Word(&'a str),
    /// Between quotes, without them.
    Text(String),
    /// A bracket or a comma.
    Sign(char),
}

/// What is left of a pattern.
struct Tokens<'a>(&'a str);

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, &'static str> {
        let text = self.0.trim_start();
        let Some(first) = text.chars().next() else {
            return Ok(None);
        };
        match first {
            '[' | ']' | '(' | ')' | ',' => {
                self.0 = text.get(1..).unwrap_or_default();
                Ok(Some(Token::Sign(first)))
            }
            '\'' => {
                let (quoted, rest) = quoted(text).ok_or("a quote of its pattern has no end")?;
                self.0 = rest;
                Ok(Some(Token::Text(quoted)))
            }
            '=' => {
                self.0 = text.get(1..).unwrap_or_default();
                Ok(Some(Token::Word("=")))
            }
            _ => {
                let is_end =
                    |character: char| character.is_whitespace() || "[](),'=".contains(character);
                let length = text.find(is_end).unwrap_or(text.len());
                // `!=`, `<=` and `>=` are one word.
                let is_sign = matches!(text.get(..=length), Some("!=" | "<=" | ">="));
                let length = length + usize::from(is_sign);
                let (word, rest) = text.split_at_checked(length).unwrap_or((text, ""));
                self.0 = rest;
                Ok(Some(Token::Word(word)))
            }
        }
    }

    fn next_after_opening(&mut self) -> Result<Option<Token<'a>>, &'static str> {
        loop {
            match self.next()? {
                Some(Token::Sign('[' | '(')) => {}
                other => return Ok(other),
            }
        }
    }

    fn next_after_closing(&mut self) -> Result<Option<Token<'a>>, &'static str> {
        loop {
            match self.next()? {
                Some(Token::Sign(']' | ')')) => {}
                other => return Ok(other),
            }
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), &'static str> {
        match self.next()? {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            _ => Err("its pattern can't be read"),
        }
    }

    fn value(&mut self) -> Result<String, &'static str> {
        match self.next()? {
            Some(Token::Text(text)) => Ok(text),
            Some(Token::Word(word)) => Ok(word.to_owned()),
            _ => Err("its pattern can't be read"),
        }
    }
}

/// The text between the quotes with which `text` begins, and what follows them; `\` makes the next character plain.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut quoted = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((place, character)) = characters.next() {
        match character {
            '\'' => return Some((quoted, text.get(place + 1..)?)),
            '\\' => quoted.push(characters.next()?.1),
            _ => quoted.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_pattern(pattern: &str) -> Result<String, &'static str> {
        let networks = addresses(pattern)?.into_iter().flatten();
        let networks: Vec<String> = networks.map(|network| network.to_string()).collect();
        Ok(networks.join(" "))
    }

    #[test]
    fn patterns_that_name_addresses() {
        for (pattern, expected) in [
            ("[ipv4-addr:value = '198.51.100.1']", "198.51.100.1/32"),
            ("[ipv4-addr:value='198.51.100.1']", "198.51.100.1/32"),
            (
                "[ ipv4-addr:value ISSUBSET '198.51.100.0/24' ]",
                "198.51.100.0/24",
            ),
            ("[ipv6-addr:value = '2001:db8::1']", "2001:db8::1/128"),
            (
                "[ipv4-addr:value = '198.51.100.1' OR ipv4-addr:value = '198.51.100.2']",
                "198.51.100.1/32 198.51.100.2/32",
            ),
            (
                "[ipv4-addr:value = '198.51.100.1'] OR [ipv6-addr:value = '2001:db8::1']",
                "198.51.100.1/32 2001:db8::1/128",
            ),
            (
                "([ipv4-addr:value IN ('198.51.100.1', '198.51.100.2')])",
                "198.51.100.1/32 198.51.100.2/32",
            ),
            (
                r"[domain-name:value = 'it\'s [odd] OR ipv4-addr' OR ipv4-addr:value = '198.51.100.1']",
                "198.51.100.1/32",
            ),
            (
                "[file:size > 10 OR ipv4-addr:value = '198.51.100.1']",
                "198.51.100.1/32",
            ),
        ] {
            assert_eq!(read_pattern(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn patterns_of_which_an_address_alone_says_nothing() {
        for pattern in [
            "",
            "[]",
            "[ipv4-addr:value = '198.51.100.1' AND network-traffic:dst_port = 443]",
            "[ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY [domain-name:value = 'x']",
            "[ipv4-addr:value = '198.51.100.1'] WITHIN 5 SECONDS",
            "[ipv4-addr:value != '198.51.100.1']",
            "[ipv4-addr:value NOT = '198.51.100.1']",
            "[NOT ipv4-addr:value = '198.51.100.1']",
            "[ipv4-addr:value LIKE '198.51.%']",
            "[ipv4-addr:value ISSUPERSET '198.51.100.0/24']",
            "[ipv4-addr:value = '198.51.100.1",
            "[ipv4-addr:value = ]",
            "[ipv4-addr:value IN '198.51.100.1']",
            "[ipv4-addr:value = 'example.com']",
            "[domain-name:value = 'example.com']",
            &format!("[ipv4-addr:value = '{}']", " ".repeat(FEED_LINE_BYTES_MAX)),
        ] {
            assert!(read_pattern(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_is_too_odd(pattern in ".{0,80}", words in prop::collection::vec("\\[|\\]|'|=|!=| OR |\\\\|ipv4-addr:value|'1.2.3.4'|IN|\\(|,", 0..20)) {
            for pattern in [pattern, words.concat()] {
                prop_assert_ne!(read_pattern(&pattern), Ok(String::new()));
            }
        }
    }
}
