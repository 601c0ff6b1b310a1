//! Writes small databases (`MaxMind DB` file format specification 2.0), so that tests need none of a provider's.

use ipnet::IpNet;
use serde_json::{Map, Value, json};

const STRING: u8 = 2;
const DOUBLE: u8 = 3;
const UINT16: u8 = 5;
const UINT32: u8 = 6;
const MAP: u8 = 7;
const UINT64: u8 = 9;
const ARRAY: u8 = 11;
const BOOLEAN: u8 = 14;

#[derive(Clone, Copy)]
enum Child {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of this kind and time of building; shorter prefixes come first.
pub(in crate::enrich) fn database(kind: &str, built: u64, records: &[(&str, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Child::Nothing; 2]];
    let mut data = Vec::new();
    for (network, record) in records {
        insert(&mut nodes, network.parse().unwrap(), data.len());
        encode(&mut data, record);
    }
    let mut bytes = Vec::new();
    for child in nodes.iter().flatten() {
        let value = match child {
            Child::Nothing => nodes.len(),
            Child::Node(node) => *node,
            Child::Data(offset) => nodes.len() + 16 + offset,
        };
        bytes.extend(u32::try_from(value).unwrap().to_be_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    encode_metadata(&mut bytes, kind, built, nodes.len());
    bytes
}

/// Here each number has its own width, as the specification says.
fn encode_metadata(bytes: &mut Vec<u8>, kind: &str, built: u64, nodes: usize) {
    let texts = json!({
        "database_type": kind,
        "description": {"en": "made by a test"},
        "languages": ["en"],
    });
    let numbers = [
        ("binary_format_major_version", UINT16, 2),
        ("binary_format_minor_version", UINT16, 0),
        ("build_epoch", UINT64, built),
        ("ip_version", UINT16, 6),
        ("node_count", UINT32, u64::try_from(nodes).unwrap()),
        ("record_size", UINT16, 32),
    ];
    let texts = texts.as_object().unwrap();
    control(bytes, MAP, texts.len() + numbers.len());
    encode_map(bytes, texts);
    for (key, kind, number) in numbers {
        encode(bytes, &Value::String(key.to_owned()));
        encode_number(bytes, kind, number);
    }
}

fn insert(nodes: &mut Vec<[Child; 2]>, network: IpNet, offset: usize) {
    let (bits, length) = match network {
        IpNet::V4(four) => (u128::from(u32::from(four.addr())), 96 + four.prefix_len()),
        IpNet::V6(six) => (u128::from(six.addr()), six.prefix_len()),
    };
    let mut node = 0;
    for depth in 0..length {
        let side = usize::from(bits >> (127 - depth) & 1 == 1);
        if depth + 1 == length {
            nodes[node][side] = Child::Data(offset);
            return;
        }
        node = match nodes[node][side] {
            Child::Node(next) => next,
            // What was said of the whole is said of both halves.
            before => {
                nodes.push([before; 2]);
                let next = nodes.len() - 1;
                nodes[node][side] = Child::Node(next);
                next
            }
        };
    }
}

fn encode(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => {
            control(bytes, STRING, text.len());
            bytes.extend(text.as_bytes());
        }
        Value::Number(number) => {
            if let Some(whole) = number.as_u64() {
                encode_number(bytes, UINT32, whole);
            } else {
                control(bytes, DOUBLE, 8);
                bytes.extend(number.as_f64().unwrap().to_be_bytes());
            }
        }
        Value::Bool(flag) => control(bytes, BOOLEAN, usize::from(*flag)),
        Value::Object(map) => {
            control(bytes, MAP, map.len());
            encode_map(bytes, map);
        }
        Value::Array(values) => {
            control(bytes, ARRAY, values.len());
            for value in values {
                encode(bytes, value);
            }
        }
        Value::Null => panic!("there is no null"),
    }
}

fn encode_number(bytes: &mut Vec<u8>, kind: u8, number: u64) {
    let digits = number.to_be_bytes();
    let start = digits.iter().position(|byte| *byte != 0).unwrap_or(8);
    control(bytes, kind, 8 - start);
    bytes.extend(&digits[start..]);
}

fn encode_map(bytes: &mut Vec<u8>, map: &Map<String, Value>) {
    for (key, value) in map {
        encode(bytes, &Value::String(key.clone()));
        encode(bytes, value);
    }
}

fn control(bytes: &mut Vec<u8>, kind: u8, size: usize) {
    let (size, more) = match size {
        0..29 => (u8::try_from(size).unwrap(), Vec::new()),
        29..285 => (29, vec![u8::try_from(size - 29).unwrap()]),
        _ => (
            30,
            u16::try_from(size - 285).unwrap().to_be_bytes().to_vec(),
        ),
    };
    if kind < 8 {
        bytes.push(kind << 5 | size);
    } else {
        bytes.extend([size, kind - 7]);
    }
    bytes.extend(more);
}
