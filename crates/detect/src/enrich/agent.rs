mod families;
mod scan;
mod supported;
mod systems;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use drishti_model::{Device, DeviceKind};

use self::families::{Class, FAMILIES, Family, STRUCTURE};
use self::scan::{Named, Scan};
pub use self::supported::{Release, Supported};
use self::systems::{System, find_system};

/// How much of a user agent is looked at.
pub const AGENT_BYTES_MAX: usize = 1024;
/// Longest name of an unknown program that is kept.
const NAME_BYTES_MAX: usize = 64;

const OUTDATED_BROWSER: &str = "outdated_browser";
const OUTDATED_OS: &str = "outdated_os";
const ROBOT: &str = "robot";

/// Tells what a user agent says: browser, application or library, system, kind of device, and whether it is outdated or a robot
/// (`defender-behaviour.md`, section 2.2).
#[derive(Clone, Debug)]
pub struct Agents {
    supported: Supported,
    /// Places in [`FAMILIES`] by the names that programs give themselves, in lower case.
    places: HashMap<&'static str, usize>,
}

impl Agents {
    /// Calls outdated what is below the versions of `supported`.
    pub fn new(supported: Supported) -> Self {
        let families = FAMILIES.iter().enumerate();
        let places = families
            .flat_map(|(place, family)| family.names.iter().map(move |name| (*name, place)))
            .collect();
        Self { supported, places }
    }

    /// The versions it compares with.
    pub fn supported(&self) -> &Supported {
        &self.supported
    }

    /// What `agent` says; `None` where it says nothing that is understood.
    pub fn device(&self, agent: &str) -> Option<Device> {
        let scan = Scan::of(shown(agent));
        let system = find_system(&scan);
        let program = self.find_program(&scan, system);
        let kind = kind(&scan, program.as_ref().map(|program| program.class), system);
        let is_outdated_browser = program.as_ref().is_some_and(|program| {
            self.supported
                .is_outdated_browser(program.name, program.release)
        });
        let is_outdated_system = system.is_some_and(|system| {
            self.supported
                .is_outdated_system(system.name, system.release)
        });
        let is_robot = program
            .as_ref()
            .is_some_and(|program| program.class == Class::Robot);
        // In the order of the alphabet.
        let tags = [
            (is_outdated_browser, OUTDATED_BROWSER),
            (is_outdated_system, OUTDATED_OS),
            (is_robot, ROBOT),
        ];
        let device = Device {
            browser: program.map(|program| named(program.name)),
            os: system.map(|system| system.name.to_owned()),
            kind,
            tags: tags
                .into_iter()
                .filter(|(applies, _)| *applies)
                .map(|(_, tag)| tag.to_owned())
                .collect(),
        };
        (device != Device::default()).then_some(device)
    }

    fn find_program<'a>(&self, scan: &Scan<'a>, system: Option<System>) -> Option<Program<'a>> {
        let named = || scan.products.iter().chain(&scan.details);
        let known = named().filter_map(|named| Some((self.place(named)?, named)));
        let known = known.min_by_key(|(place, _)| *place);
        let known = known.and_then(|(place, named)| Some((FAMILIES.get(place)?, named)));
        if let Some(robot) = named().find(|named| named.is_robot())
            && known.is_none_or(|(family, _)| family.class != Class::Robot)
        {
            return Some(Program::of(robot, Class::Robot));
        }
        let unknown = scan.products.iter().find(|named| self.is_unknown(named));
        let Some((family, named)) = known else {
            let is_web_view = scan.has("applewebkit") && !scan.has("safari");
            return match system {
                Some(system) if system.is_apple_mobile() && is_web_view => Some(Program {
                    name: "iOS web view",
                    class: Class::Browser,
                    release: None,
                }),
                // A browser that names nothing but its engine.
                _ if scan.is_mozilla() && !scan.has_detail("compatible") => None,
                _ => unknown.map(|named| Program::of(named, Class::Unknown)),
            };
        };
        if family.class == Class::Carrier
            && let Some(unknown) = unknown
        {
            return Some(Program::of(unknown, Class::Carrier));
        }
        Some(Program {
            name: family_name(family, scan, system),
            class: family.class,
            release: match family.name {
                // Its own number is that of the engine.
                "Safari" => scan.release_of("version"),
                _ => named.release,
            },
        })
    }

    fn place(&self, named: &Named<'_>) -> Option<usize> {
        self.places.get(named.lower.as_str()).copied()
    }

    fn is_unknown(&self, named: &Named<'_>) -> bool {
        self.place(named).is_none()
            && !STRUCTURE.contains(&named.lower.as_str())
            && named.name.starts_with(|first: char| first.is_alphabetic())
    }
}

/// Who made the request.
struct Program<'a> {
    name: &'a str,
    class: Class,
    release: Option<Release>,
}

impl<'a> Program<'a> {
    fn of(named: &Named<'a>, class: Class) -> Self {
        Self {
            name: named.name,
            class,
            release: named.release,
        }
    }
}

/// Some names mean different programs on different systems.
fn family_name(family: &'static Family, scan: &Scan<'_>, system: Option<System>) -> &'static str {
    match family.name {
        "Asana mobile" if system.is_some_and(System::is_desktop) => "Asana desktop",
        "Chrome" if scan.has_detail("wv") => "Android web view",
        name => name,
    }
}

fn kind(scan: &Scan<'_>, class: Option<Class>, system: Option<System>) -> Option<DeviceKind> {
    if matches!(class, Some(Class::Program | Class::Robot)) {
        return Some(DeviceKind::Program);
    }
    match system.map(|system| system.name) {
        Some("iOS" | "Windows Phone") => Some(DeviceKind::Mobile),
        Some("iPadOS") => Some(DeviceKind::Tablet),
        Some("Android" | "HarmonyOS") => Some(if scan.is_tablet() {
            DeviceKind::Tablet
        } else {
            DeviceKind::Mobile
        }),
        Some(_) => Some(DeviceKind::Pc),
        None => match class? {
            Class::Carrier => Some(DeviceKind::Program),
            Class::Unknown | Class::App => Some(DeviceKind::Other),
            _ => None,
        },
    }
}

/// What is looked at of a long agent.
pub(super) fn shown(agent: &str) -> &str {
    let end = agent.floor_char_boundary(AGENT_BYTES_MAX);
    agent.get(..end).unwrap_or(agent)
}

fn named(name: &str) -> String {
    let end = name.floor_char_boundary(NAME_BYTES_MAX);
    name.get(..end).unwrap_or(name).to_owned()
}
