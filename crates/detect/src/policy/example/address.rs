use std::str::FromStr;

use drishti_model::{AddressCategory, AddressFacts, Device, DeviceKind};
use serde_json::{Map, Value};

use super::{object, refuse_unknown, text, texts};

/// What enrichment says of an address.
pub(super) fn address(value: &Value) -> Result<AddressFacts, String> {
    let map = object(value, "`ip`")?;
    let known = [
        "country",
        "region",
        "city",
        "latitude",
        "longitude",
        "asn",
        "organization",
        "category",
        "tags",
    ];
    refuse_unknown(map, "ip", &known)?;
    let asn = match map.get("asn") {
        None | Some(Value::Null) => None,
        Some(value) => Some(
            value
                .as_u64()
                .and_then(|asn| u32::try_from(asn).ok())
                .ok_or("`ip.asn` must be a number such as 64500")?,
        ),
    };
    Ok(AddressFacts {
        country: text(map, "country")?,
        region: text(map, "region")?,
        city: text(map, "city")?,
        latitude: degrees(map, "latitude")?,
        longitude: degrees(map, "longitude")?,
        asn,
        organization: text(map, "organization")?,
        category: text(map, "category")?
            .map(|category| AddressCategory::from_str(&category))
            .transpose()?,
        tags: sorted(texts(map, "tags")?),
    })
}

/// What the user agent says.
pub(super) fn device(value: &Value) -> Result<Device, String> {
    let map = object(value, "`device`")?;
    refuse_unknown(map, "device", &["browser", "os", "kind", "tags"])?;
    Ok(Device {
        browser: text(map, "browser")?,
        os: text(map, "os")?,
        kind: text(map, "kind")?
            .map(|kind| DeviceKind::from_str(&kind))
            .transpose()?,
        tags: sorted(texts(map, "tags")?),
    })
}

fn degrees(map: &Map<String, Value>, key: &str) -> Result<Option<f64>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or_else(|| format!("`ip.{key}` must be a number")),
    }
}

fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags.dedup();
    tags
}
