//! By which way somebody did something: program, address, device.

use std::net::IpAddr;

use crate::catalogue::{Category, Target};
use crate::devices::API_CLIENTS;
use crate::dice::Dice;
use crate::gid::ObjectKind;
use crate::json::Object;
use crate::names;
use crate::person::{Day, Person, Shape};
use crate::route::{self, Route};
use crate::scenario::Scenario;
use crate::scene::{Scene, Who};
use crate::script::{Agent, Way};
use crate::world::Networks;

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
    /// The harmless look-alike that the address makes of the event; not written.
    pub(crate) looks_like: Option<Scenario>,
}

impl Channel {
    fn with_route(self, route: Route) -> Self {
        Self {
            address: Some(route.address),
            looks_like: route.looks_like,
            ..self
        }
    }

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
        if let Some((_, step)) = &self.staged
            && let Some(channel) = self.staged_channel(step.way)
        {
            return channel;
        }
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
            Who::Asana => {
                let ruled = self.reach() == Reach::Work && dice.per_mille(500);
                Channel {
                    rule_name: ruled.then(|| dice.pick(&names::RULES)),
                    ..Channel::of_type("asana")
                }
            }
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

    /// The way that a script says; none if only a person could come by it.
    fn staged_channel(&self, way: Way) -> Option<Channel> {
        let api = |method, address, program: &str| Channel {
            api_authentication_method: Some(method),
            address: Some(address),
            user_agent: Some(program.to_owned()),
            ..Channel::of_type("api")
        };
        let (address, user_agent) = match (way, &self.who) {
            (Way::Token(address, program), _) => {
                return Some(api("personal_access_token", address, program));
            }
            (Way::ServiceAccount(address, program), _) => {
                return Some(api("service_account", address, program));
            }
            (Way::App(address, program, app), _) => {
                return Some(Channel {
                    oauth_app_name: Some(app),
                    ..api("oauth", address, program)
                });
            }
            (Way::Browser(address, Agent::Named(name)), _) => (address, name.to_owned()),
            (Way::Browser(address, Agent::Machine(machine)), _) => {
                (address, machine.browser(self.at))
            }
            (Way::Desk, Who::Person(person)) => {
                let day = person.day_around(self.at);
                let route = route::from_desk(self.stage, person, &day, self.at);
                (route.address, person.devices(self.at).browser(self.at))
            }
            (Way::Home, Who::Person(person)) => {
                let address = route::home(self.stage, person, self.at);
                (address, person.devices(self.at).browser(self.at))
            }
            (Way::Desk | Way::Home, _) => return None,
        };
        Some(Channel {
            address: Some(address),
            user_agent: Some(user_agent),
            ..Channel::of_type("web")
        })
    }

    fn stranger(&self, networks: &Networks, dice: &mut Dice) -> Channel {
        let ranges = match dice.below(100) {
            0 => &networks.tor,
            1..10 => &networks.vpn,
            10..20 => &networks.hosting,
            20..45 => &networks.mobile,
            _ => &networks.cable,
        };
        let network = &ranges[dice.index(ranges.len())];
        let visitor = self.stage.colleague(self.at, dice);
        Channel {
            address: Some(network.address(dice.word())),
            user_agent: Some(visitor.devices(self.at).browser(self.at)),
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
        let devices = person.devices(self.at);
        let at_hand = day.shape == Shape::Glance || dice.per_mille(90);
        if reach != Reach::AdminConsole && at_hand {
            let route = route::from_phone(self.stage, person, &day, self.at, dice);
            let phone = Channel {
                user_agent: Some(devices.phone(self.at)),
                ..Channel::of_type("mobile")
            };
            return phone.with_route(route);
        }
        let mut session = person.session(&day, self.at).dice();
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
        let channel = Channel {
            user_agent: (!(3..8).contains(&unsaid)).then_some(user_agent),
            ..Channel::of_type(context_type)
        };
        if unsaid < 5 {
            channel
        } else {
            channel.with_route(route::from_desk(self.stage, person, &day, self.at))
        }
    }

    /// A rule, an e-mail, an app or a script, on behalf of the person.
    fn program_channel(&self, person: &Person, day: &Day, dice: &mut Dice) -> Option<Channel> {
        let hosting = &self.stage.networks.hosting;
        let desk = || route::from_desk(self.stage, person, day, self.at);
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
                user_agent: Some(API_CLIENTS[dice.index(2)].to_owned()),
                ..Channel::of_type("api")
            }
            .with_route(desk()),
            76..81 => Channel {
                api_authentication_method: Some("cookie"),
                user_agent: Some(person.devices(self.at).browser(self.at)),
                ..Channel::of_type("api")
            }
            .with_route(desk()),
            _ => return None,
        })
    }
}
