//! Behind which address somebody is: an office, a home, a hotel, a phone, a VPN, a gateway.

use std::net::IpAddr;

use crate::clock::Millis;
use crate::dice::Dice;
use crate::person::{Day, Person, Tunnel, Whereabouts};
use crate::scenario::Scenario;
use crate::scene::Stage;
use crate::world::{CITIES, Network};

/// Days for which the addresses of a new office are news.
const OFFICE_NEWS_DAYS: u64 = 5;
/// Sessions in which somebody forgets to turn on the company's VPN, in thousandths.
const FORGETS_VPN_PER_MILLE: u64 = 120;
/// Sessions in which somebody thinks of their own VPN, in thousandths.
const TURNS_ON_VPN_PER_MILLE: u64 = 350;
/// Sessions that the secure web gateway lets out in another country than usual, in thousandths.
const OTHER_EGRESS_PER_MILLE: u64 = 250;
/// Sessions of a phone that the carrier lets out in another city, in thousandths.
const OTHER_CITY_PER_MILLE: u64 = 150;

/// An address, and which harmless look-alike it makes of the event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) address: IpAddr,
    pub(crate) looks_like: Option<Scenario>,
}

impl Route {
    fn plain(address: IpAddr) -> Self {
        Self {
            address,
            looks_like: None,
        }
    }

    fn like(scenario: Scenario, address: IpAddr) -> Self {
        Self {
            address,
            looks_like: Some(scenario),
        }
    }
}

/// Network choices of one third of a day.
fn network_dice(person: &Person, day: &Day, at: Millis) -> Dice {
    person.session(day, at).with(1).dice()
}

/// The address of somebody's home.
pub(crate) fn home(stage: &Stage, person: &Person, at: Millis) -> IpAddr {
    let networks = &*stage.networks;
    let line: &[Network] = match person.home_line() {
        0..4 => &networks.cable,
        4..8 => &networks.fibre,
        _ => &networks.six,
    };
    line[person.city].address(person.home_word(at))
}

/// The way from somebody's desk.
pub(crate) fn from_desk(stage: &Stage, person: &Person, day: &Day, at: Millis) -> Route {
    if let Whereabouts::Office(office) = day.whereabouts {
        return from_office(stage, person, office, at);
    }
    let networks = &*stage.networks;
    let provider = |word: u64| {
        let place = usize::try_from(word % 8).unwrap_or(0);
        networks.vpn[place].address(person.home_word(at) % 64)
    };
    let mut session = network_dice(person, day, at);
    match person.tunnel() {
        Tunnel::Company if session.per_mille(FORGETS_VPN_PER_MILLE) => {
            Route::like(Scenario::VpnSwitch, without_tunnel(stage, person, day, at))
        }
        Tunnel::Company => {
            let number = usize::from(stage.organisation.number);
            Route::plain(networks.gateways[number].address(u64::from(person.seat % 6)))
        }
        Tunnel::Provider(word) => Route::plain(provider(word)),
        Tunnel::NowAndThen(word) if session.per_mille(TURNS_ON_VPN_PER_MILLE) => {
            Route::like(Scenario::VpnSwitch, provider(word + session.below(3)))
        }
        Tunnel::Gateway => through_gateway(stage, person, city_of(person, day), &mut session),
        Tunnel::NowAndThen(_) | Tunnel::None => {
            Route::plain(without_tunnel(stage, person, day, at))
        }
    }
}

/// A whole office shares a few addresses, and takes others when it moves.
fn from_office(stage: &Stage, person: &Person, office: usize, at: Millis) -> Route {
    let organisation = &stage.organisation;
    let (moves, days_ago) = organisation.office_moves(office, at);
    let buildings = &stage.networks.offices[usize::from(organisation.number)][office];
    let building = &buildings[usize::from(moves % 2 == 1)];
    let address = building.address(u64::from(person.seat % 4));
    if days_ago < OFFICE_NEWS_DAYS {
        Route::like(Scenario::OfficeMove, address)
    } else {
        Route::plain(address)
    }
}

/// The gateway lets each of its people out at one place, or at another when that one is busy, wherever they are.
fn through_gateway(stage: &Stage, person: &Person, city: usize, session: &mut Dice) -> Route {
    let egress = &stage.networks.egress;
    let usual = usize::try_from(person.home_line()).unwrap_or(0) % egress.len();
    let place = if session.per_mille(OTHER_EGRESS_PER_MILLE) {
        (usual + 1 + session.index(egress.len() - 1)) % egress.len()
    } else {
        usual
    };
    let address = egress[place].address(u64::from(person.seat % 40));
    if CITIES[egress[place].city].country == CITIES[city].country {
        Route::plain(address)
    } else {
        Route::like(Scenario::SharedEgress, address)
    }
}

fn without_tunnel(stage: &Stage, person: &Person, day: &Day, at: Millis) -> IpAddr {
    match day.whereabouts {
        Whereabouts::Away(city) => stage.networks.fibre[city].address(day.start ^ 0x5a5a),
        Whereabouts::Office(_) | Whereabouts::Home => home(stage, person, at),
    }
}

/// The way from somebody's phone: by the carrier, or by where they are.
pub(crate) fn from_phone(
    stage: &Stage,
    person: &Person,
    day: &Day,
    at: Millis,
    dice: &mut Dice,
) -> Route {
    if !dice.per_mille(550) {
        return from_desk(stage, person, day, at);
    }
    let city = city_of(person, day);
    let session = person.session(day, at);
    let mobile = &stage.networks.mobile;
    let mut dice = session.with(2).dice();
    if dice.per_mille(OTHER_CITY_PER_MILLE)
        && let Some(other) = city_in_the_same_country(city, &mut dice)
    {
        let address = mobile[other].address(session.word());
        return Route::like(Scenario::MobileCarrier, address);
    }
    Route::plain(mobile[city].address(session.word()))
}

/// Where somebody is that day.
pub(crate) fn city_of(person: &Person, day: &Day) -> usize {
    match day.whereabouts {
        Whereabouts::Away(city) => city,
        Whereabouts::Office(_) | Whereabouts::Home => person.city,
    }
}

fn city_in_the_same_country(city: usize, dice: &mut Dice) -> Option<usize> {
    let start = dice.index(CITIES.len());
    let mut others = (0..CITIES.len()).map(|step| (start + step) % CITIES.len());
    others.find(|&other| other != city && CITIES[other].country == CITIES[city].country)
}
