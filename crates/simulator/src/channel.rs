//! By which way somebody did something: program, address, device.

use std::net::IpAddr;

use crate::catalogue::{Category, Target};
use crate::devices::API_CLIENTS;
use crate::dice::Dice;
use crate::gid::ObjectKind;
use crate::json::Object;
use crate::names;
use crate::person::{Day, Person, Tunnel, Whereabouts};
use crate::scene::{Scene, Who};
use crate::world::{Network, Networks};

/// What the event's `context` says; everything but the type can be missing.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    context_type: &'static str,
    api_authentication_method: Option<&'static str>,
    address: Option<IpAddr>,
    user_agent: Option<String>,
    oauth_app_name: Option<&'static str>,
    rule_name: Option<&'static str>,
    on_behalf_of: Option<u64>,
}

impl Channel {
    fn of_type(context_type: &'static str) -> Self {
        Self {
            context_type,
            ..Self::default()
        }
    }

    pub(crate) fn write(&self, mut context: Object<'_>) {
        context.plain("context_type", self.context_type);
        if let Some(method) = self.api_authentication_method {
            context.plain("api_authentication_method", method);
        }
        if let Some(address) = self.address {
            context.plain("client_ip_address", address);
        }
        if let Some(user_agent) = &self.user_agent {
            context.text("user_agent", user_agent);
        }
        if let Some(name) = self.oauth_app_name {
            context.text("oauth_app_name", name);
        }
        if let Some(name) = self.rule_name {
            context.text("rule_name", name);
        }
        if let Some(gid) = self.on_behalf_of {
            context.bare("on_behalf_of_user_id", gid);
        }
        context.close();
    }
}

/// How far a program may stand in for the person.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// Signing in and out, settings of the own account: in a program with a face.
    Interactive,
    /// Settings of the organisation: in the browser.
    AdminConsole,
    /// Work: a rule, an app or a script may do it too.
    Work,
}

impl Scene<'_> {
    pub(crate) fn channel(&self) -> Channel {
        let mut dice = self.key.with(1).dice();
        let networks = &*self.stage.networks;
        match &self.who {
            Who::Person(person) => self.person_channel(person, &mut dice),
            Who::ServiceAccount(account) => {
                let place = usize::try_from(*account).unwrap_or(0);
                let host = &networks.hosting[place % networks.hosting.len()];
                Channel {
                    api_authentication_method: Some("service_account"),
                    address: Some(host.address(u64::from(*account) * 8 + dice.below(3))),
                    user_agent: Some(API_CLIENTS[place % API_CLIENTS.len()].to_owned()),
                    ..Channel::of_type("api")
                }
            }
            Who::Asana => Channel::of_type("asana"),
            Who::Support(person) => {
                let organisation = &self.stage.organisation;
                Channel {
                    on_behalf_of: Some(organisation.user_gid(person.seat, person.generation)),
                    ..Channel::of_type("asana_support")
                }
            }
            Who::Anonymous => self.stranger(networks, &mut dice),
            Who::ExternalAdministrator => Channel::of_type("api"),
        }
    }

    fn stranger(&self, networks: &Networks, dice: &mut Dice) -> Channel {
        let ranges = match dice.below(10) {
            0 => &networks.tor,
            1 => &networks.vpn,
            2 => &networks.hosting,
            3..5 => &networks.mobile,
            _ => &networks.cable,
        };
        let network = &ranges[dice.index(ranges.len())];
        let visitor = self.stage.colleague(self.at, dice);
        Channel {
            address: Some(network.address(dice.word())),
            user_agent: Some(visitor.devices().browser(self.at)),
            ..Channel::of_type("web")
        }
    }

    fn reach(&self) -> Reach {
        match (self.kind.category, self.kind.target) {
            (Category::Logins | Category::Apps | Category::UserUpdates, _)
            | (_, Target::Myself | Target::Colleague) => Reach::Interactive,
            (Category::AdminSettings | Category::Roles, _)
            | (Category::ContentExport, Target::Workspace)
            | (_, Target::Thing(ObjectKind::Division)) => Reach::AdminConsole,
            _ if self.passing.is_some() => Reach::AdminConsole,
            _ => Reach::Work,
        }
    }

    fn person_channel(&self, person: &Person, dice: &mut Dice) -> Channel {
        let day = person.day_around(self.at);
        let reach = self.reach();
        if reach == Reach::Work
            && let Some(channel) = self.program_channel(person, &day, dice)
        {
            return channel;
        }
        let devices = person.devices();
        if reach != Reach::AdminConsole && (day.glance || dice.per_mille(90)) {
            return Channel {
                address: Some(self.phone_address(person, &day, dice)),
                user_agent: Some(devices.phone(self.at)),
                ..Channel::of_type("mobile")
            };
        }
        let mut session = person.session_dice(&day, self.at);
        let in_app = devices.has_desktop_app && session.per_mille(500);
        let (context_type, user_agent) = if in_app && reach != Reach::AdminConsole {
            // The desktop app mostly calls itself `web`, as in a real sample.
            let itself = session.per_mille(300);
            let context_type = if itself { "desktop" } else { "web" };
            (context_type, devices.desktop(self.at))
        } else {
            ("web", devices.browser(self.at))
        };
        // Now and then Asana does not say where something came from.
        let unsaid = dice.below(1000);
        Channel {
            address: (unsaid >= 5).then(|| self.desk_address(person, &day)),
            user_agent: (!(3..8).contains(&unsaid)).then_some(user_agent),
            ..Channel::of_type(context_type)
        }
    }

    /// A rule, an e-mail, an app or a script, on behalf of the person.
    fn program_channel(&self, person: &Person, day: &Day, dice: &mut Dice) -> Option<Channel> {
        let hosting = &self.stage.networks.hosting;
        Some(match dice.below(1000) {
            0..35 => Channel {
                rule_name: Some(dice.pick(&names::RULES)),
                ..Channel::of_type("asana")
            },
            35..43 => Channel::of_type("email"),
            43..68 => {
                let place = dice.index(names::APPS.len());
                let (name, _) = names::APPS[place];
                Channel {
                    api_authentication_method: Some("oauth"),
                    address: Some(hosting[place % hosting.len()].address(900 + dice.below(4))),
                    user_agent: Some(API_CLIENTS[place % API_CLIENTS.len()].to_owned()),
                    oauth_app_name: Some(name),
                    ..Channel::of_type("api")
                }
            }
            68..76 => Channel {
                api_authentication_method: Some("personal_access_token"),
                address: Some(self.desk_address(person, day)),
                user_agent: Some(API_CLIENTS[dice.index(2)].to_owned()),
                ..Channel::of_type("api")
            },
            76..81 => Channel {
                api_authentication_method: Some("cookie"),
                address: Some(self.desk_address(person, day)),
                user_agent: Some(person.devices().browser(self.at)),
                ..Channel::of_type("api")
            },
            _ => return None,
        })
    }

    fn phone_address(&self, person: &Person, day: &Day, dice: &mut Dice) -> IpAddr {
        if dice.per_mille(550) {
            let city = match day.whereabouts {
                Whereabouts::Away(city) => city,
                Whereabouts::Office(_) | Whereabouts::Home => person.city,
            };
            let word = person.session_dice(day, self.at).word();
            self.stage.networks.mobile[city].address(word)
        } else {
            self.desk_address(person, day)
        }
    }

    /// The address behind which the person sits.
    fn desk_address(&self, person: &Person, day: &Day) -> IpAddr {
        let networks = &*self.stage.networks;
        let number = usize::from(self.stage.organisation.number);
        if let Whereabouts::Office(office) = day.whereabouts {
            // A whole office shares a few addresses.
            return networks.offices[number][office].address(u64::from(person.seat % 4));
        }
        match person.tunnel() {
            Tunnel::Company => {
                return networks.gateways[number].address(u64::from(person.seat % 6));
            }
            Tunnel::Provider(word) => {
                let place = usize::try_from(word % 8).unwrap_or(0);
                return networks.vpn[place].address(person.home_word(self.at) % 64);
            }
            Tunnel::None => {}
        }
        match day.whereabouts {
            Whereabouts::Away(city) => networks.fibre[city].address(day.start ^ 0x5a5a),
            Whereabouts::Office(_) | Whereabouts::Home => {
                let line: &[Network] = match person.home_line() {
                    0..4 => &networks.cable,
                    4..8 => &networks.fibre,
                    _ => &networks.six,
                };
                line[person.city].address(person.home_word(self.at))
            }
        }
    }
}
