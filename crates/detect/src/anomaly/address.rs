//! Activity from addresses that hide or are known for trouble (`defender-behaviour.md`, sections 1.3 c and d).

use drishti_model::AddressCategory;

use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::{Parameters, Sensitivity};
use super::spray::{SprayRule, not_at_home};
use super::words;
use crate::baseline::{Aspects, Lessons, days_between, network_name};
use crate::enrich::parse_tag;

/// Most tags that a policy may name.
const TAGS_MAX: usize = 50;

/// Activity from a Tor exit or an anonymous proxy.
#[derive(Debug)]
pub(super) struct AnonymousIp {
    tags: Vec<String>,
    learning_days: u32,
    shared_people: usize,
}

impl AnonymousIp {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let sensitivity = parameters.sensitivity();
        let usual: &[&str] = match sensitivity {
            Sensitivity::Low => &["tor_exit"],
            Sensitivity::Medium | Sensitivity::High => &["tor_exit", "anonymous_proxy"],
        };
        let mut tags = tags(parameters, usual);
        if parameters.flag("vpn", sensitivity == Sensitivity::High) {
            tags.push("vpn".to_owned());
        }
        Self {
            tags,
            learning_days: parameters.learning_days(0),
            shared_people: parameters.shared_people(),
        }
    }
}

impl Judge for AnonymousIp {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::ADDRESSES
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        let facts = moment.facts()?;
        let tag = self.tags.iter().find(|tag| facts.has_tag(tag));
        let tag = tag.ok_or_else(|| {
            moment.quiet(|| format!("the address has none of the tags {}", self.tags.join(", ")))
        })?;
        moment.not_own_address(facts)?;
        not_widely_used(moment, self.shared_people)?;
        if self.learning_days > 0 {
            moment.organisation_learned(self.learning_days)?;
        }
        let kind = described(tag);
        let title = format!("{} was active through {kind}", subject.name);
        let mut raised = Raised::about(subject, title);
        "activity comes from addresses that do not hide where somebody is"
            .clone_into(&mut raised.expected);
        raised.seen = format!(
            "{} came from {}, which is {kind}",
            what(moment),
            origin(moment)
        );
        tell_use(moment, self.shared_people, &mut raised);
        Ok(raised)
    }
}

/// Activity from an address that is known for trouble, or that we saw trying passwords.
#[derive(Debug)]
pub(super) struct SuspiciousIp {
    tags: Vec<String>,
    risky_category: bool,
    learning_days: u32,
    shared_people: usize,
    spray: SprayRule,
    spraying_hours: u32,
}

impl SuspiciousIp {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let sensitivity = parameters.sensitivity();
        let is_low = sensitivity == Sensitivity::Low;
        Self {
            tags: tags(parameters, &["malicious"]),
            risky_category: parameters.flag("risky_category", !is_low),
            learning_days: parameters.learning_days(0),
            shared_people: parameters.shared_people(),
            spray: SprayRule::new(parameters),
            spraying_hours: parameters.count(
                "spraying_hours",
                sensitivity.choose(0, 24, 72),
                0..=168,
            ),
        }
    }

    /// What is wrong with the address.
    fn fault(&self, moment: &Moment<'_>) -> Option<String> {
        let facts = moment.observed.event.address.as_deref();
        if let Some(tag) = facts.and_then(|facts| self.tags.iter().find(|tag| facts.has_tag(tag))) {
            return Some(format!("it carries the tag `{tag}`"));
        }
        let facts = facts?;
        // Of those that only hide, the policy about anonymous addresses speaks.
        let hides = facts.has_tag("tor_exit") || facts.has_tag("anonymous_proxy");
        if self.risky_category && !hides && facts.category == Some(AddressCategory::Risky) {
            return Some("its range has the category risky".to_owned());
        }
        None
    }
}

impl Judge for SuspiciousIp {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::ADDRESSES
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        if moment
            .observed
            .event
            .event
            .context
            .client_ip_address
            .is_none()
        {
            return Err(Quiet::Lacks("a client address"));
        }
        let listed = self.fault(moment);
        let sprayed = || self.spray.recent(moment, self.spraying_hours);
        let spray = if listed.is_some() { None } else { sprayed() };
        let fault = listed.or_else(|| {
            let spray = spray.as_ref()?;
            Some(format!(
                "sign-ins to {} accounts failed from it within {}, {} ago",
                spray.people,
                words::days(days_between(spray.first, spray.last)),
                words::days(days_between(spray.last, moment.at)),
            ))
        });
        let fault = fault.ok_or_else(|| {
            moment.quiet(|| "no feed, tag or category says anything against the address, and nobody tried passwords from it".to_owned())
        })?;
        let facts = moment.observed.event.address.as_deref();
        if let Some(facts) = facts {
            moment.not_own_address(facts)?;
        }
        if spray.is_some() {
            not_at_home(moment)?;
        }
        if self.learning_days > 0 {
            moment.organisation_learned(self.learning_days)?;
        }
        not_widely_used(moment, self.shared_people)?;
        let title = format!("{} was active from a suspicious address", subject.name);
        let mut raised = Raised::about(subject, title);
        "activity comes from addresses that are not known for attacks"
            .clone_into(&mut raised.expected);
        let from = origin(moment);
        raised.seen = format!("{} came from {from}; {fault}", what(moment));
        if let Some(spray) = &spray {
            raised.compare(
                "accounts whose sign-in failed from the address",
                f64::from(spray.people),
                f64::from(self.spray.people),
            );
            raised.after(&spray.events);
        }
        tell_use(moment, self.shared_people, &mut raised);
        Ok(raised)
    }
}

/// The tags to look for, as feeds and ranges have them.
fn tags(parameters: &mut Parameters<'_>, default: &[&str]) -> Vec<String> {
    let tags = parameters.words("tags", default, TAGS_MAX).into_iter();
    tags.map(|tag| parse_tag(&tag).unwrap_or(tag)).collect()
}

/// An address that many use is mis-tagged rather than hostile.
fn not_widely_used(moment: &Moment<'_>, shared_people: usize) -> Result<(), Quiet> {
    let others = moment.others_at_address();
    moment.require(others < shared_people, || {
        format!("{others} others of the organisation use the address regularly, so it is taken as one of ours ({shared_people} are enough)")
    })
}

fn tell_use(moment: &Moment<'_>, shared_people: usize, raised: &mut Raised) {
    let others = moment.others_at_address();
    raised.unsuppressed(format!(
        "{}; {shared_people} would make it one of ours",
        words::few_others_use(others, "the address regularly")
    ));
    raised.unsuppressed("the owner does not say that the address is the organisation's own");
}

fn described(tag: &str) -> String {
    match tag {
        "tor_exit" => "a Tor exit".to_owned(),
        "anonymous_proxy" => "an anonymous proxy".to_owned(),
        "vpn" => "a VPN".to_owned(),
        other => format!("an address tagged `{other}`"),
    }
}

/// What happened, as a noun.
pub(super) fn what(moment: &Moment<'_>) -> String {
    let event_type = &moment.observed.event.event.event_type;
    if moment.has(Aspects::SIGN_IN) {
        "a sign-in".to_owned()
    } else {
        format!("`{event_type}`")
    }
}

/// From where it came: `203.0.113.7 (Example Net (AS64500), Berlin, DE)`.
pub(super) fn origin(moment: &Moment<'_>) -> String {
    let enriched = moment.observed.event;
    let address = enriched.event.context.client_ip_address.as_deref();
    let address = address.unwrap_or("an unknown address");
    let Some(facts) = enriched.address.as_deref() else {
        return address.to_owned();
    };
    let network = moment.observed.traits.network.map(|_| network_name(facts));
    let known = [network, facts.city.clone(), facts.country.clone()];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if known.is_empty() {
        address.to_owned()
    } else {
        format!("{address} ({})", known.join(", "))
    }
}
