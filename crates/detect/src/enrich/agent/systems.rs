use super::scan::Scan;
use super::supported::Release;

/// An operating system and its version, where the agent tells the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) release: Option<Release>,
}

impl System {
    pub(super) fn is_apple_mobile(self) -> bool {
        matches!(self.name, "iOS" | "iPadOS")
    }

    pub(super) fn is_desktop(self) -> bool {
        matches!(self.name, "Windows" | "macOS" | "Linux" | "ChromeOS")
    }
}

/// How parts of comments name systems: by how they begin. The first that fits any part counts, for later words also stand beside
/// earlier ones (`Linux; Android 14`, `CPU iPhone OS 17_4 like Mac OS X`).
const BEGINNINGS: [(&str, &str); 22] = [
    ("Windows Phone", "Windows Phone"),
    ("iPad", "iPadOS"),
    ("iPhone", "iOS"),
    ("iPod", "iOS"),
    ("CPU iPhone OS", "iOS"),
    ("CPU OS", "iPadOS"),
    ("iOS", "iOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows NT", "Windows"),
    ("Windows", "Windows"),
    ("Win64", "Windows"),
    ("Macintosh", "macOS"),
    ("Intel Mac OS X", "macOS"),
    ("Mac OS X", "macOS"),
    ("macOS", "macOS"),
    ("Mac OS", "macOS"),
    ("Ubuntu", "Linux"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

/// How products name systems, as in `AsanaDesktopOfficial darwin_arm64/2.1.0`; their versions are those of the program.
const PRODUCTS: [(&str, &str); 9] = [
    ("asanaandroidapp", "Android"),
    ("outlook-ios", "iOS"),
    ("outlook-android", "Android"),
    ("teamsmobile-ios", "iOS"),
    ("teamsmobile-android", "Android"),
    ("darwin_arm64", "macOS"),
    ("darwin_x64", "macOS"),
    ("win32_x64", "Windows"),
    ("win32_arm64", "Windows"),
];

pub(super) fn find_system(scan: &Scan<'_>) -> Option<System> {
    let found = BEGINNINGS
        .iter()
        .find(|(beginning, _)| scan.pieces.iter().any(|piece| begins(piece, beginning)));
    if let Some((_, name)) = found {
        return Some(System {
            name,
            release: release(scan, name),
        });
    }
    if scan.pieces.iter().any(|piece| piece.contains("-linux-")) {
        return Some(System {
            name: "Linux",
            release: None,
        });
    }
    let product = PRODUCTS.iter().find(|(product, _)| scan.has(product));
    product.map(|(_, name)| System {
        name,
        release: None,
    })
}

/// Whether `piece` begins with the words of `beginning`, whole.
fn begins(piece: &str, beginning: &str) -> bool {
    piece
        .strip_prefix(beginning)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphabetic()))
}

/// The version stands after the name, in the same part or in another one.
fn release(scan: &Scan<'_>, name: &str) -> Option<Release> {
    // Chrome on Android always says `Android 10; K`.
    if name == "Android" && scan.has_detail("K") {
        return None;
    }
    let before: &[&str] = match name {
        "Windows" => &["Windows NT "],
        "Windows Phone" => &["Windows Phone "],
        "iOS" => &["CPU iPhone OS ", "iOS ", "iPhone OS "],
        "iPadOS" => &["CPU OS ", "iPadOS ", "iOS "],
        "Android" => &["Android "],
        "macOS" => &["Intel Mac OS X ", "Mac OS X ", "macOS "],
        _ => &[],
    };
    before.iter().find_map(|before| {
        let versions = scan.pieces.iter();
        versions
            .filter_map(|piece| piece.strip_prefix(before))
            .find_map(Release::parse)
    })
}
