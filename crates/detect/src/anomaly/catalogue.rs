use std::fmt;

use serde_json::{Map, Value};

use super::address::{AnonymousIp, SuspiciousIp};
use super::administration::UnusualAdministration;
use super::apps::{OauthAppNewActivity, OauthAppNewNetwork};
use super::country::InfrequentCountry;
use super::dormant::DormantAccount;
use super::failures::{FailuresThenSuccess, MultipleFailedLogins};
use super::hours::UnusualHours;
use super::impersonation::ActingForOthers;
use super::leaving::DepartingUserExfiltration;
use super::mass::Mass;
use super::moment::{Judgement, Moment};
use super::newness::NewDeviceAndNetwork;
use super::parameters::{Parameter, ParameterFault, Parameters};
use super::programs::{ServiceAccountNewActivity, ServiceAccountNewNetwork};
use super::spray::{PasswordSpray, PasswordSpraySuccess};
use super::terminated::TerminatedUser;
use super::travel::ImpossibleTravel;
use super::weakened::MfaWeakenedThenUsed;
use crate::baseline::{Action, Aspects, Lessons};

/// The names of all detectors, as `drishti.detector` in a policy's file takes them.
pub const DETECTORS: [&str; 25] = [
    "anonymous_ip",
    "infrequent_country",
    "suspicious_ip",
    "impossible_travel",
    "terminated_user",
    "multiple_failed_logins",
    "failures_then_success",
    "password_spray",
    "password_spray_success",
    "dormant_account",
    "new_device_and_network",
    "unusual_hours",
    "mass_download",
    "mass_export",
    "mass_deletion",
    "mass_sharing",
    "mass_invitation",
    "unusual_administration",
    "service_account_new_network",
    "service_account_new_activity",
    "oauth_app_new_network",
    "oauth_app_new_activity",
    "acting_for_others",
    "mfa_weakened_then_used",
    "departing_user_exfiltration",
];

/// A detector: it says of an event whether it is out of the usual, and why or why not.
pub(super) trait Judge: fmt::Debug + Send + Sync {
    /// Which events it can speak about at all.
    fn interest(&self) -> Interest;

    /// What must have been learned for it to judge as it does.
    fn asks(&self) -> Lessons;

    /// Judges an event on what was known before it. Nothing is allocated unless it speaks or reasons are wanted.
    fn judge(&self, moment: &Moment<'_>) -> Judgement;
}

/// Which events a detector can speak about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interest {
    all: Aspects,
    any: Aspects,
}

impl Interest {
    /// Those that have all of these.
    pub(super) const fn all(all: Aspects) -> Self {
        Self {
            all,
            any: Aspects::empty(),
        }
    }

    /// Those that have all of these, and any of those.
    pub(super) const fn any(all: Aspects, any: Aspects) -> Self {
        Self { all, any }
    }

    pub(super) fn fits(self, aspects: Aspects) -> bool {
        aspects.contains(self.all) && (self.any.is_empty() || aspects.intersects(self.any))
    }
}

/// The detector of this name with these parameters.
pub(super) fn detector(
    name: &str,
    mut parameters: Parameters<'_>,
) -> Result<Box<dyn Judge>, ParameterFault> {
    let Some(detector) = build(name, &mut parameters) else {
        return Err(unknown_detector(name));
    };
    match parameters.finish() {
        Some(fault) => Err(fault),
        None => Ok(detector),
    }
}

/// The parameters of the detector of this name, in the order in which it asks for them; none of a name that no detector has. Some defaults
/// depend on the sensitivity that is `given`.
pub fn detector_parameters(name: &str, given: &Map<String, Value>) -> Vec<Parameter> {
    let mut parameters = Parameters::new(given);
    match build(name, &mut parameters) {
        Some(_) => parameters.into_known(),
        None => Vec::new(),
    }
}

fn build(name: &str, given: &mut Parameters<'_>) -> Option<Box<dyn Judge>> {
    let detector: Box<dyn Judge> = match name {
        "anonymous_ip" => Box::new(AnonymousIp::new(given)),
        "infrequent_country" => Box::new(InfrequentCountry::new(given)),
        "suspicious_ip" => Box::new(SuspiciousIp::new(given)),
        "impossible_travel" => Box::new(ImpossibleTravel::new(given)),
        "terminated_user" => Box::new(TerminatedUser::new(given)),
        "multiple_failed_logins" => Box::new(MultipleFailedLogins::new(given)),
        "failures_then_success" => Box::new(FailuresThenSuccess::new(given)),
        "password_spray" => Box::new(PasswordSpray::new(given)),
        "password_spray_success" => Box::new(PasswordSpraySuccess::new(given)),
        "dormant_account" => Box::new(DormantAccount::new(given)),
        "new_device_and_network" => Box::new(NewDeviceAndNetwork::new(given)),
        "unusual_hours" => Box::new(UnusualHours::new(given)),
        "mass_download" => Box::new(Mass::new(Action::Download, given)),
        "mass_export" => Box::new(Mass::new(Action::Export, given)),
        "mass_deletion" => Box::new(Mass::new(Action::Deletion, given)),
        "mass_sharing" => Box::new(Mass::new(Action::Sharing, given)),
        "mass_invitation" => Box::new(Mass::new(Action::Invitation, given)),
        "unusual_administration" => Box::new(UnusualAdministration::new(given)),
        "service_account_new_network" => Box::new(ServiceAccountNewNetwork::new(given)),
        "service_account_new_activity" => Box::new(ServiceAccountNewActivity::new(given)),
        "oauth_app_new_network" => Box::new(OauthAppNewNetwork::new(given)),
        "oauth_app_new_activity" => Box::new(OauthAppNewActivity::new(given)),
        "acting_for_others" => Box::new(ActingForOthers::new(given)),
        "mfa_weakened_then_used" => Box::new(MfaWeakenedThenUsed::new(given)),
        "departing_user_exfiltration" => Box::new(DepartingUserExfiltration::new(given)),
        _ => return None,
    };
    Some(detector)
}

fn unknown_detector(name: &str) -> ParameterFault {
    ParameterFault {
        name: None,
        problem: format!("no detector is called `{name}`"),
        advice: format!("use one of {}", DETECTORS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::ParameterRange;

    #[test]
    fn every_detector_publishes_defaults_that_it_takes() {
        for name in DETECTORS {
            let published = detector_parameters(name, &Map::new());
            let given = published
                .iter()
                .map(|parameter| (parameter.name.to_owned(), parameter.default.clone()))
                .collect();
            assert!(
                detector(name, Parameters::new(&given)).is_ok(),
                "{name}: {published:?}"
            );
        }
        assert!(detector_parameters("nothing", &Map::new()).is_empty());
    }

    #[test]
    fn a_detector_publishes_what_its_parameters_take() {
        let of = |detector: &str, name: &str| {
            let mut all = detector_parameters(detector, &Map::new()).into_iter();
            all.find(|parameter| parameter.name == name).unwrap()
        };
        let minimum = of("mass_deletion", "minimum");
        assert_eq!(minimum.default, 100);
        assert!(matches!(minimum.range, ParameterRange::Count(1.., _)));
        let sensitivity = of("mass_deletion", "sensitivity");
        assert_eq!(sensitivity.default, "medium");
        let words = ["low", "medium", "high"].map(str::to_owned).to_vec();
        assert_eq!(sensitivity.range, ParameterRange::Choice(words));
        assert_eq!(of("mass_deletion", "peers").range, ParameterRange::Flag);
    }

    #[test]
    fn defaults_go_by_the_sensitivity_that_is_given() {
        let default = |detector: &str, sensitivity: &str, name: &str| {
            let given = [("sensitivity".to_owned(), Value::from(sensitivity))];
            let all = detector_parameters(detector, &given.into_iter().collect());
            let found = all.into_iter().find(|parameter| parameter.name == name);
            found.unwrap().default
        };
        for (detector, name, low, medium, high) in [
            (
                "anonymous_ip",
                "vpn",
                false.into(),
                false.into(),
                Value::from(true),
            ),
            (
                "infrequent_country",
                "new_for",
                "both".into(),
                "person".into(),
                "person".into(),
            ),
            (
                "suspicious_ip",
                "spraying_hours",
                0.into(),
                24.into(),
                72.into(),
            ),
        ] {
            let of = |sensitivity| default(detector, sensitivity, name);
            assert_eq!(
                [of("low"), of("medium"), of("high")],
                [low, medium, high],
                "{detector}"
            );
        }
        let tags = default("anonymous_ip", "low", "tags");
        assert_eq!(tags, serde_json::json!(["tor_exit"]));
    }
}
