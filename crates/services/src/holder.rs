//! How processes name themselves in leases, and how one is known to be gone.
//!
//! A name is `HOST:PROCESS[PLACE NUMBER]`, with or without a purpose in parentheses behind. The place is the kernel's run and the
//! PID namespace in which the process number means something: containers of one host, or two hosts of one name, have the same
//! process numbers. The random number tells apart what has the same name all the same.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;

/// The name of this process, which runs on `host`.
pub fn holder_name(host: &str) -> String {
    let process = std::process::id();
    let number = RandomState::new().hash_one(process);
    let place = place().unwrap_or_default();
    format!("{host}:{process}[{place} {number:016x}]")
}

/// Where process numbers mean what they mean here; `None` where the system does not tell.
fn place() -> Option<String> {
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let run = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{} {}", run.trim(), namespace.display()))
}

/// The name without what only processes need.
pub(crate) fn shown(holder: &str) -> String {
    match Name::read(holder) {
        Some(name) => format!("{}:{}{}", name.host, name.process, name.purpose),
        None => holder.to_owned(),
    }
}

/// Whether the process that `holder` names certainly has ended: it ran where `own` does, and is not there any more.
pub(crate) fn is_gone(holder: &str, own: &str) -> bool {
    let (Some(holder), Some(own)) = (Name::read(holder), Name::read(own)) else {
        return false;
    };
    let is_there = |process: u32| Path::new("/proc").join(process.to_string()).exists();
    !own.place.is_empty()
        && (holder.host, holder.place) == (own.host, own.place)
        && is_there(own.process)
        && !is_there(holder.process)
}

struct Name<'a> {
    host: &'a str,
    process: u32,
    place: &'a str,
    purpose: &'a str,
}

impl<'a> Name<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (name, purpose) = text.split_at(text.find(" (").unwrap_or(text.len()));
        let (name, origin) = name.strip_suffix(']')?.split_once('[')?;
        let (host, process) = name.rsplit_once(':')?;
        let (place, _) = origin.rsplit_once(' ')?;
        Some(Self {
            host,
            process: process.parse().ok()?,
            place,
            purpose,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_this_place_that_ended_are_gone() {
        let own = holder_name("here");
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        let process = ended.id();
        ended.wait().unwrap();
        let place = place().unwrap();
        let name = |host: &str, process: u32, place: &str| format!("{host}:{process}[{place} 7]");
        let gone = name("here", process, &place);
        assert!(is_gone(&gone, &own));
        assert!(is_gone(&format!("{gone} (ingest of a (b).jsonl)"), &own));
        assert!(!is_gone(&gone, &format!("here:{process}[{place} 8]")));
        assert!(!is_gone(&gone, "node"));
        let another_run = place.replacen(|digit| digit != '-', "-", 1);
        let another_namespace = place.replace("pid:[", "pid:[1");
        assert!(another_run != place && another_namespace != place);
        for there in [
            own.clone(),
            name("here", 1, &place),
            name("there", process, &place),
            name("here", process, &another_run),
            name("here", process, &another_namespace),
            name("here", process, ""),
            format!("here:{process}"),
            "here:[".to_owned(),
            "here".to_owned(),
            String::new(),
        ] {
            assert!(!is_gone(&there, &own), "{there}");
        }
        let unknown = name("here", process, "");
        assert!(!is_gone(
            &unknown,
            &format!("here:{}[ 8]", std::process::id())
        ));
    }

    #[test]
    fn no_two_processes_have_one_name_and_people_see_the_short_one() {
        let name = holder_name("node1");
        assert_ne!(name, holder_name("node1"));
        let short = format!("node1:{}", std::process::id());
        assert_eq!(shown(&name), short);
        assert_eq!(
            shown(&format!("{name} (ingest of [a].jsonl)")),
            format!("{short} (ingest of [a].jsonl)")
        );
        for other in ["node-2", "collector (x)", "a:b[c]", ""] {
            assert_eq!(shown(other), other);
        }
    }
}
