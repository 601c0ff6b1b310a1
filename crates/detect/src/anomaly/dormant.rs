//! A dormant account awakes: Defender's legacy *inactive account* (`defender-behaviour.md`, section 1.6).

use super::address::what;
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{Aspects, Attribute, Lessons, days_between};

/// Interactive activity after a long time without any.
#[derive(Debug)]
pub(super) struct DormantAccount {
    idle_days: u32,
    even_if_familiar: bool,
    shared_people: usize,
}

impl DormantAccount {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            idle_days: parameters.count("idle_days", 60, 7..=365),
            even_if_familiar: parameters.flag("even_if_familiar", false),
            shared_people: parameters.shared_people(),
        }
    }
}

impl Judge for DormantAccount {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::FAMILIAR | Lessons::NETWORKS_OF_ALL
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        let person = moment.person.filter(|person| person.last > 0);
        let person = person.ok_or_else(|| {
            moment.quiet(|| "nothing was seen of them before, so it is not known whether the account was dormant".to_owned())
        })?;
        let idle = days_between(person.last, moment.at);
        moment.require(idle >= f64::from(self.idle_days), || {
            format!(
                "they were active {} ago; {} days without activity are needed",
                words::days(idle),
                self.idle_days
            )
        })?;
        let traits = &moment.observed.traits;
        let knows_device = |device| person.devices.get(device).is_some();
        let knows_network = |network| person.networks.get(network).is_some();
        let device = traits.device.is_some_and(knows_device);
        let network = traits.network.is_some_and(knows_network)
            || moment.others_here() >= self.shared_people
            || moment.is_at_own_address();
        moment.require(!(device && network) || self.even_if_familiar, || {
            "they came back on a device that they used before, in a network that they or colleagues use"
                .to_owned()
        })?;
        let title = format!(
            "The account of {} awoke after {}",
            subject.name,
            words::days(idle)
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "accounts that were not used for {} days stay unused; before, they used {}",
            self.idle_days,
            words::usual_ever(moment, person, Attribute::Device)
        );
        raised.seen = format!(
            "{} after {} without any activity",
            what(moment),
            words::days(idle)
        );
        raised.compare("days without activity", idle, f64::from(self.idle_days));
        if device && network {
            raised.steps -= 1;
            raised.unsuppressed("device and network are known, which lowers the severity");
        } else if device {
            raised.unsuppressed("the network was not used before, by them or colleagues");
        } else {
            raised.unsuppressed("the device was not used before");
        }
        Ok(raised)
    }
}
