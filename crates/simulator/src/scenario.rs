//! What is told apart from everyday life in the truth: attacks, and harmless habits and deeds that look like them. Each has
//! the policies that should speak, or must stay silent, about it.

use std::fmt;
use std::str::FromStr;

use crate::clock::{DAY, HOUR, Millis};
use crate::duty::Duty;
use crate::organisation::Organisation;

/// People among whom one campaign of a kind is staged at a time.
const PEOPLE_PER_CAMPAIGN: u32 = 400;

const WEEK: Millis = 7 * DAY;

/// A dormant account has not been used for so long when it awakes.
pub(crate) const SILENCE: Millis = 62 * DAY;

/// A kind of attack or of harmless look-alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Scenario {
    AccountTakeover,
    TokenTheft,
    ServiceAccountTheft,
    ImpossibleTravel,
    BruteForce,
    PasswordSpray,
    MfaReset,
    InsiderExport,
    LeaverActive,
    AdminPersistence,
    ConsentPhishing,
    MassDeletion,
    GuestCreep,
    DormantAccount,
    OnCallNight,
    BulkCleanUp,
    QuarterlyExport,
    BusinessTrip,
    HolidayReturn,
    NewLaptop,
    OfficeMove,
    SharedEgress,
    VpnSwitch,
    MobileCarrier,
}

/// Every scenario in the order of their numbers, attacks first: its name, and the policies of which at least one should speak
/// about an attack, or that must stay silent about what is harmless.
const TABLE: [(Scenario, &str, &[&str]); 24] = [
    (
        Scenario::AccountTakeover,
        "account_takeover",
        &[
            "anomaly.anonymous_ip",
            "anomaly.infrequent_country",
            "anomaly.new_device_and_network",
            "asana.sign_in_from_risky_address",
        ],
    ),
    (
        Scenario::TokenTheft,
        "token_theft",
        &[
            "anomaly.infrequent_country",
            "anomaly.mass_download",
            "anomaly.new_device_and_network",
            "anomaly.service_account_new_network",
            "anomaly.suspicious_ip",
            "asana.content_exports_in_bulk",
            "asana.mass_attachment_download",
        ],
    ),
    (
        Scenario::ServiceAccountTheft,
        "service_account_theft",
        &[
            "anomaly.service_account_new_activity",
            "anomaly.service_account_new_network",
            "anomaly.suspicious_ip",
            "asana.service_account_outside_own_networks",
        ],
    ),
    (
        Scenario::ImpossibleTravel,
        "impossible_travel",
        &[
            "anomaly.impossible_travel",
            "anomaly.infrequent_country",
            "anomaly.new_device_and_network",
        ],
    ),
    (
        Scenario::BruteForce,
        "brute_force",
        &[
            "anomaly.failures_then_success",
            "anomaly.multiple_failed_logins",
            "anomaly.suspicious_ip",
            "asana.brute_force_by_address",
            "asana.brute_force_by_user",
            "asana.failures_then_success",
        ],
    ),
    (
        Scenario::PasswordSpray,
        "password_spray",
        &[
            "anomaly.password_spray",
            "anomaly.password_spray_success",
            "anomaly.suspicious_ip",
            "asana.brute_force_by_address",
        ],
    ),
    (
        Scenario::MfaReset,
        "mfa_reset",
        &[
            "anomaly.mfa_weakened_then_used",
            "anomaly.new_device_and_network",
            "asana.two_factor_disabled",
            "asana.two_factor_disabled_by_another",
        ],
    ),
    (
        Scenario::InsiderExport,
        "insider_export",
        &[
            "anomaly.departing_user_exfiltration",
            "anomaly.mass_download",
            "anomaly.mass_export",
            "asana.content_exports_in_bulk",
            "asana.mass_attachment_download",
        ],
    ),
    (
        Scenario::LeaverActive,
        "leaver_active",
        &["anomaly.terminated_user"],
    ),
    (
        Scenario::AdminPersistence,
        "admin_persistence",
        &[
            "anomaly.new_device_and_network",
            "anomaly.suspicious_ip",
            "anomaly.unusual_administration",
            "asana.admin_activity_from_risky_address",
            "asana.app_approval_off",
            "asana.email_domain_added",
            "asana.new_workspace_admin",
            "asana.organization_export_started",
            "asana.saml_made_optional",
            "asana.service_account_created",
            "asana.several_protections_weakened",
        ],
    ),
    (
        Scenario::ConsentPhishing,
        "consent_phishing",
        &[
            "anomaly.oauth_app_new_network",
            "anomaly.suspicious_ip",
            "asana.app_authorized",
            "asana.app_authorized_by_many",
        ],
    ),
    (
        Scenario::MassDeletion,
        "mass_deletion",
        &[
            "anomaly.mass_deletion",
            "asana.deleted_for_good_in_bulk",
            "asana.mass_task_deletion",
            "asana.projects_deleted_in_bulk",
        ],
    ),
    (
        Scenario::GuestCreep,
        "guest_creep",
        &[
            "anomaly.mass_invitation",
            "anomaly.mass_sharing",
            "asana.guests_invited_over_weeks",
            "asana.project_made_public",
            "asana.project_shared_by_link",
            "asana.team_made_public",
        ],
    ),
    (
        Scenario::DormantAccount,
        "dormant_account",
        &["anomaly.dormant_account", "anomaly.new_device_and_network"],
    ),
    (
        Scenario::OnCallNight,
        "on_call_night",
        &["anomaly.unusual_hours"],
    ),
    (
        Scenario::BulkCleanUp,
        "bulk_clean_up",
        &["anomaly.mass_deletion"],
    ),
    (
        Scenario::QuarterlyExport,
        "quarterly_export",
        &["anomaly.departing_user_exfiltration", "anomaly.mass_export"],
    ),
    (
        Scenario::BusinessTrip,
        "business_trip",
        &["anomaly.impossible_travel"],
    ),
    (
        Scenario::HolidayReturn,
        "holiday_return",
        &["anomaly.dormant_account"],
    ),
    (
        Scenario::NewLaptop,
        "new_laptop",
        &[
            "anomaly.impossible_travel",
            "anomaly.new_device_and_network",
        ],
    ),
    (
        Scenario::OfficeMove,
        "office_move",
        &[
            "anomaly.impossible_travel",
            "anomaly.new_device_and_network",
            "anomaly.suspicious_ip",
        ],
    ),
    (
        Scenario::SharedEgress,
        "shared_egress",
        &[
            "anomaly.impossible_travel",
            "anomaly.infrequent_country",
            "anomaly.new_device_and_network",
        ],
    ),
    (
        Scenario::VpnSwitch,
        "vpn_switch",
        &[
            "anomaly.impossible_travel",
            "anomaly.infrequent_country",
            "anomaly.new_device_and_network",
        ],
    ),
    (
        Scenario::MobileCarrier,
        "mobile_carrier",
        &[
            "anomaly.impossible_travel",
            "anomaly.infrequent_country",
            "anomaly.new_device_and_network",
        ],
    ),
];

/// How the campaigns of a scenario are spread over time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    /// One campaign is staged within each of these, which are counted from a Monday.
    pub(crate) period: Millis,
    /// No campaign is longer.
    pub(crate) lasts_max: Millis,
    /// Campaigns in each period.
    pub(crate) count: u32,
}

impl Scenario {
    const ATTACKS: usize = 14;
    const STAGED: usize = 17;

    pub(crate) fn attacks() -> impl Iterator<Item = Self> {
        TABLE[..Self::ATTACKS].iter().map(|(attack, ..)| *attack)
    }

    /// Harmless deeds that are staged, unlike those that are habits of everyday life.
    pub(crate) fn staged_look_alikes() -> impl Iterator<Item = Self> {
        let deeds = &TABLE[Self::ATTACKS..Self::STAGED];
        deeds.iter().map(|(deed, ..)| *deed)
    }

    pub(crate) fn numbered(number: u32) -> Option<Self> {
        let row = TABLE.get(usize::try_from(number).ok()?);
        row.map(|(scenario, ..)| *scenario)
    }

    pub(crate) fn is_attack(self) -> bool {
        (self as usize) < Self::ATTACKS
    }

    pub(crate) fn slug(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The policies of which at least one should speak about an attack, or that must stay silent about what is harmless.
    pub(crate) fn policies(self) -> &'static [&'static str] {
        TABLE[self as usize].2
    }

    /// When campaigns are staged. Attacks come every three weeks, so that 90 days hold at least two after two weeks of
    /// learning; habits are not staged.
    pub(crate) fn rhythm(self, organisation: &Organisation) -> Rhythm {
        let by_size = (organisation.people / PEOPLE_PER_CAMPAIGN).max(1);
        let (period, lasts_max, count) = match self {
            Self::OnCallNight => (WEEK, WEEK, organisation.on_duty_at_once(Duty::OnCall)),
            Self::BulkCleanUp => (2 * WEEK, 2 * WEEK, organisation.super_admins()),
            Self::QuarterlyExport => (WEEK, WEEK, organisation.on_duty_at_once(Duty::Reporting)),
            Self::GuestCreep => (3 * WEEK, 18 * DAY, by_size),
            Self::InsiderExport
            | Self::ImpossibleTravel
            | Self::MassDeletion
            | Self::ConsentPhishing => (3 * WEEK, 12 * DAY, by_size),
            Self::LeaverActive => (3 * WEEK, 7 * DAY, by_size),
            // They are seen as dormant only at the end of a long history, so that they have to come more often.
            Self::DormantAccount => (WEEK, 12 * HOUR, organisation.people / 100),
            attack if attack.is_attack() => (3 * WEEK, 12 * HOUR, by_size),
            _ => (WEEK, WEEK, 0),
        };
        Rhythm {
            period,
            lasts_max,
            count,
        }
    }

    /// What is slow by nature can't be seen on live traffic within minutes.
    pub(crate) fn is_quick(self) -> bool {
        !matches!(self, Self::GuestCreep | Self::DormantAccount)
    }

    /// How much of the history there must be before, besides what is needed to learn.
    pub(crate) fn prologue(self) -> Millis {
        match self {
            Self::DormantAccount => SILENCE,
            _ => 0,
        }
    }
}

/// A set of attacks, as `--attacks` takes it: `none`, `all`, or names with commas between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attacks(u32);

/// A name that is no attack.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not one of none, all, {names}", names = names().join(", "))]
pub struct UnknownAttack(String);

fn names() -> Vec<&'static str> {
    Scenario::attacks().map(Scenario::slug).collect()
}

impl Attacks {
    /// No attack at all.
    pub const NONE: Self = Self(0);

    /// Every kind of attack.
    pub fn all() -> Self {
        Scenario::attacks().fold(Self::NONE, |all, attack| Self(all.0 | attack.bit()))
    }

    /// The names of all attacks.
    pub fn names() -> Vec<&'static str> {
        names()
    }

    pub(crate) fn contains(self, scenario: Scenario) -> bool {
        self.0 & scenario.bit() != 0
    }

    pub(crate) fn chosen(self) -> impl Iterator<Item = Scenario> {
        Scenario::attacks().filter(move |&attack| self.contains(attack))
    }
}

impl Scenario {
    fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl FromStr for Attacks {
    type Err = UnknownAttack;

    fn from_str(text: &str) -> Result<Self, UnknownAttack> {
        match text {
            "none" => return Ok(Self::NONE),
            "all" => return Ok(Self::all()),
            _ => {}
        }
        text.split(',').try_fold(Self::NONE, |chosen, name| {
            let attack = Scenario::attacks()
                .find(|attack| attack.slug() == name)
                .ok_or_else(|| UnknownAttack(name.to_owned()))?;
            Ok(Self(chosen.0 | attack.bit()))
        })
    }
}

impl fmt::Display for Attacks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return formatter.write_str("none");
        }
        if *self == Self::all() {
            return formatter.write_str("all");
        }
        let names: Vec<&str> = self.chosen().map(Scenario::slug).collect();
        formatter.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn scenarios_are_numbered_by_their_places_and_named_apart() {
        for (place, (scenario, ..)) in (0..).zip(TABLE) {
            assert_eq!(Scenario::numbered(place), Some(scenario));
            assert_eq!(u32::from(scenario as u8), place);
            assert!(!scenario.policies().is_empty());
        }
        assert_eq!(Scenario::numbered(24), None);
        let slugs: HashSet<&str> = TABLE.iter().map(|(_, slug, _)| *slug).collect();
        assert_eq!(slugs.len(), TABLE.len());
        assert_eq!(Scenario::attacks().last(), Some(Scenario::DormantAccount));
        assert_eq!(Scenario::staged_look_alikes().count(), 3);
    }

    #[test]
    fn campaigns_fit_their_periods() {
        let organisation = Organisation::new(1, 0, 60);
        for (scenario, ..) in TABLE {
            let rhythm = scenario.rhythm(&organisation);
            assert!(rhythm.lasts_max <= rhythm.period, "{scenario:?}");
            assert_eq!(rhythm.period % WEEK, 0);
        }
    }

    #[test]
    fn attacks_are_chosen_by_name() {
        for text in ["none", "all", "brute_force", "token_theft,guest_creep"] {
            assert_eq!(text.parse::<Attacks>().unwrap().to_string(), text);
        }
        let named: Attacks = Attacks::names().join(",").parse().unwrap();
        assert_eq!(named, Attacks::all());
        for wrong in ["", "some", "brute_force,", "on_call_night", "all,none"] {
            let refusal = wrong.parse::<Attacks>().unwrap_err().to_string();
            assert!(refusal.contains("guest_creep"), "{refusal}");
        }
    }
}
