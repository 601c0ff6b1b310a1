//! How processes name themselves in leases, and how one is known to be gone.

use std::path::Path;

/// Whether the process that `holder` names certainly has ended: it ran on the machine of `own`, and is not there any more. Names
/// are `HOST:PROCESS`, with or without a purpose in parentheses behind. Without `/proc` nobody is known to be gone.
pub(crate) fn is_gone(holder: &str, own: &str) -> bool {
    let (Some((host, process)), Some((own_host, own_process))) = (parts(holder), parts(own)) else {
        return false;
    };
    let is_there = |process: u32| Path::new("/proc").join(process.to_string()).exists();
    host == own_host && is_there(own_process) && !is_there(process)
}

fn parts(holder: &str) -> Option<(&str, u32)> {
    let name = holder.split_once(" (").map_or(holder, |(name, _)| name);
    let (host, process) = name.rsplit_once(':')?;
    Some((host, process.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_this_machine_that_ended_are_gone() {
        let own = format!("here:{}", std::process::id());
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        let process = ended.id();
        ended.wait().unwrap();
        assert!(is_gone(&format!("here:{process}"), &own));
        assert!(is_gone(
            &format!("here:{process} (ingest of a (b).jsonl)"),
            &own
        ));
        for there in [
            &own,
            "here:1",
            &format!("there:{process}"),
            "here",
            "here:",
            "",
            "here:x",
            "node",
        ] {
            assert!(!is_gone(there, &own), "{there}");
        }
        assert!(!is_gone(&format!("here:{process}"), "node"));
        assert!(!is_gone(
            &format!("here:{process}"),
            &format!("here:{process}")
        ));
    }
}
