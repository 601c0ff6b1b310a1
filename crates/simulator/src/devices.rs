//! What people work on, as their programs name themselves.

use crate::clock::{DAY, Millis};
use crate::dice::{Dice, Key};

/// The machines of one person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Devices {
    system: System,
    browser: Browser,
    phone: Phone,
    pub(crate) has_desktop_app: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum System {
    Mac,
    Windows,
    Linux,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Browser {
    Chrome,
    Edge,
    Firefox,
    Safari,
}

#[derive(Clone, Copy, Debug)]
enum Phone {
    Iphone,
    Pixel,
    Galaxy,
}

/// 2024-01-01, when Chrome was at 120 and Firefox at 121; both have since moved on by one every four weeks.
const VERSIONS_FROM: Millis = 1_704_067_200_000;

impl Devices {
    /// The laptop that the first key decides, and the phone that the second does.
    pub(crate) fn draw(laptop: Key, phone: Key) -> Self {
        let mut dice = laptop.dice();
        let system = match dice.below(100) {
            0..46 => System::Mac,
            46..95 => System::Windows,
            _ => System::Linux,
        };
        Self {
            system,
            browser: browser(&mut dice, system),
            has_desktop_app: system != System::Linux && dice.per_mille(300),
            phone: match phone.dice().below(10) {
                0..6 => Phone::Iphone,
                6..8 => Phone::Pixel,
                _ => Phone::Galaxy,
            },
        }
    }

    /// Whether the browsers can't be told apart but by their versions.
    pub(crate) fn looks_like(self, other: Self) -> bool {
        self.system == other.system && self.browser == other.browser
    }

    /// The browser's user agent at this time.
    pub(crate) fn browser(self, at: Millis) -> String {
        let version = releases(at);
        let system = match self.system {
            System::Mac => "Macintosh; Intel Mac OS X 10_15_7",
            System::Windows => "Windows NT 10.0; Win64; x64",
            System::Linux => "X11; Linux x86_64",
        };
        let chrome = 120 + version;
        match self.browser {
            Browser::Chrome => format!(
                "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36"
            ),
            Browser::Edge => format!(
                "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36 Edg/{chrome}.0.0.0"
            ),
            Browser::Firefox => {
                let firefox = 121 + version;
                let system = system.replace("10_15_7", "10.15");
                format!("Mozilla/5.0 ({system}; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0")
            }
            Browser::Safari => format!(
                "Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.{} Safari/605.1.15",
                17 + version / 13,
                version % 13 / 3
            ),
        }
    }

    /// The desktop app's user agent at this time.
    pub(crate) fn desktop(self, at: Millis) -> String {
        let system = match self.system {
            System::Mac => "darwin_arm64",
            System::Windows | System::Linux => "win32_x64",
        };
        let version = releases(at);
        format!(
            "AsanaDesktopOfficial {system}/2.{}.0 Chrome/{}.0.5359.62",
            version / 2,
            116 + version
        )
    }

    /// The phone app's user agent at this time.
    pub(crate) fn phone(self, at: Millis) -> String {
        let version = releases(at);
        match self.phone {
            Phone::Iphone => format!(
                "Asana/8.{version}.1 (com.asana.Asana; build:{}; iOS 17.{}.0) Alamofire/5.8.0",
                20_000 + 37 * version,
                version % 7
            ),
            Phone::Pixel => format!("Asana/8.{version}.0 (Android 14; Pixel 8) okhttp/4.12.0"),
            Phone::Galaxy => format!("Asana/8.{version}.0 (Android 14; SM-S921B) okhttp/4.12.0"),
        }
    }
}

fn browser(dice: &mut Dice, system: System) -> Browser {
    match (system, dice.below(100)) {
        (System::Mac, 0..30) => Browser::Safari,
        (System::Windows, 0..30) => Browser::Edge,
        (System::Linux, 0..40) | (_, 90..) => Browser::Firefox,
        _ => Browser::Chrome,
    }
}

fn releases(at: Millis) -> u64 {
    at.saturating_sub(VERSIONS_FROM) / (28 * DAY)
}

/// Programs that call the API for a service account or an app.
pub(crate) const API_CLIENTS: [&str; 6] = [
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Go-http-client/2.0",
    "axios/1.7.2",
    "node-asana/3.0.10",
    "Apache-HttpClient/5.3.1 (Java/17.0.11)",
];
