use std::cell::OnceCell;

use drishti_model::AddressFacts;

use super::words;
use crate::baseline::{
    AddressBaseline, AppBaseline, Aspects, Attribute, Baselines, DAY, Memory, Observed,
    Organisation, PersonBaseline, Raise, Reference, Second, Subject, ValueBaseline, days_between,
    is_own,
};
use crate::{Comparison, Entity, EntityKind, EventReference};

/// So many active days somebody must have had before something can be unusual for them.
pub(crate) const ACTIVE_DAYS_MIN: u16 = 3;

/// An event and what was known before it.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    pub(super) observed: &'a Observed<'a>,
    pub(super) at: Second,
    pub(super) baselines: &'a Baselines,
    pub(super) organisation: Option<&'a Organisation>,
    pub(super) person: Option<&'a PersonBaseline>,
    address: OnceCell<Option<&'a AddressBaseline>>,
    /// The judging policy's name as a number.
    pub(super) policy: u64,
    /// Whether anybody wants to know why a detector does not speak.
    pub(super) explains: bool,
}

/// A detector does not speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Quiet {
    /// For this reason, where anybody wants to know it.
    Because(Option<String>),
    /// The event lacks this.
    Lacks(&'static str),
}

/// A detector speaks.
#[derive(Debug)]
pub(super) struct Raised {
    pub(super) title: String,
    /// Steps of severity above or below the policy's own.
    pub(super) steps: i8,
    pub(super) entity: Entity,
    /// What makes matches belong together; `None`: the entity.
    pub(super) dedup: Option<String>,
    /// The events before this one that belong to it, the oldest first.
    pub(super) earlier: Vec<EventReference>,
    pub(super) expected: String,
    pub(super) seen: String,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) not_suppressed: Vec<String>,
    /// Where to remember that it spoke, and how far it had come.
    pub(super) remember: Option<(Memory, u32)>,
}

/// What a detector says of an event.
pub(super) type Judgement = Result<Box<Raised>, Quiet>;

impl<'a> Moment<'a> {
    /// What was known before `observed`.
    pub(super) fn new(observed: &'a Observed<'a>, baselines: &'a Baselines) -> Self {
        let subject = observed.subject.as_ref();
        Self {
            observed,
            at: observed.at,
            baselines,
            organisation: baselines.organisation(),
            person: subject.and_then(|subject| baselines.person(&subject.key)),
            address: OnceCell::new(),
            policy: 0,
            explains: false,
        }
    }

    /// What happened from the address of the event.
    pub(super) fn address(&self) -> Option<&'a AddressBaseline> {
        let known = || self.baselines.address(self.observed.subscriber()?);
        *self.address.get_or_init(known)
    }

    pub(super) fn has(&self, aspects: Aspects) -> bool {
        self.observed.aspects.contains(aspects)
    }

    pub(super) fn has_any(&self, aspects: Aspects) -> bool {
        self.observed.aspects.intersects(aspects)
    }

    /// The detector stays quiet.
    pub(super) fn quiet(&self, reason: impl FnOnce() -> String) -> Quiet {
        Quiet::Because(self.explains.then(reason))
    }

    /// The detector stays quiet unless `holds`.
    pub(super) fn require(
        &self,
        holds: bool,
        reason: impl FnOnce() -> String,
    ) -> Result<(), Quiet> {
        if holds {
            Ok(())
        } else {
            Err(self.quiet(reason))
        }
    }

    pub(super) fn subject(&self) -> Result<&'a Subject<'a>, Quiet> {
        self.observed
            .subject
            .as_ref()
            .ok_or(Quiet::Lacks("who did it"))
    }

    /// Whoever did it sat in front of a program and was not refused: what Defender's detections of places look at.
    pub(super) fn interactive(&self) -> Result<&'a Subject<'a>, Quiet> {
        let subject = self.subject()?;
        self.require(!self.has(Aspects::FAILED), || {
            "the event is a failed one, and failed events are ignored".to_owned()
        })?;
        self.require(self.has(Aspects::INTERACTIVE), || {
            "the event is not interactive: a rule, an app, a token or Asana itself did it"
                .to_owned()
        })?;
        Ok(subject)
    }

    /// What is known of the client address.
    pub(super) fn facts(&self) -> Result<&'a AddressFacts, Quiet> {
        let event = self.observed.event;
        if event.event.context.client_ip_address.is_none() {
            return Err(Quiet::Lacks("a client address"));
        }
        let facts = event.address.as_deref();
        facts.ok_or(Quiet::Lacks("anything known of its client address"))
    }

    pub(super) fn country(&self) -> Result<u64, Quiet> {
        self.facts()?;
        self.observed
            .traits
            .country
            .ok_or(Quiet::Lacks("the country of its address"))
    }

    pub(super) fn network(&self) -> Result<u64, Quiet> {
        self.facts()?;
        self.observed
            .traits
            .network
            .ok_or(Quiet::Lacks("the network of its address"))
    }

    pub(super) fn device(&self) -> Result<u64, Quiet> {
        self.observed.traits.device.ok_or(Quiet::Lacks("a device"))
    }

    /// The habits of who did it, once both they and the organisation have been watched for so many days.
    pub(super) fn learned(&self, days: u32) -> Result<&'a PersonBaseline, Quiet> {
        self.organisation_learned(days)?;
        let nothing = || "this is the first time that anything is seen of them".to_owned();
        let person = self.person.filter(|person| person.last > 0);
        let person = person.ok_or_else(|| self.quiet(nothing))?;
        self.learned_at(person, days, self.at)?;
        Ok(person)
    }

    /// Whether `person` had been watched for long enough at another time.
    pub(super) fn learned_at(
        &self,
        person: &PersonBaseline,
        days: u32,
        at: Second,
    ) -> Result<(), Quiet> {
        let since = person.learning_since;
        let needed = days.saturating_mul(DAY);
        let enough = at.saturating_sub(since) >= needed
            && (days == 0 || person.active_days >= ACTIVE_DAYS_MIN);
        self.require(enough, || {
            format!(
                "still learning: habits are known for {}, with {} active days; {days} days and {ACTIVE_DAYS_MIN} active days are needed",
                words::days(days_between(since, at)),
                person.active_days,
            )
        })
    }

    /// The organisation has been watched for so many days.
    pub(super) fn organisation_learned(&self, days: u32) -> Result<&'a Organisation, Quiet> {
        let nothing = || "nothing is known of the organisation yet".to_owned();
        let organisation = self.organisation.ok_or_else(|| self.quiet(nothing))?;
        let known = self.at.saturating_sub(organisation.first);
        self.require(known >= days.saturating_mul(DAY), || {
            format!(
                "still learning: the organisation has been watched for {} of {days} days",
                words::days(days_between(organisation.first, self.at))
            )
        })?;
        Ok(organisation)
    }

    pub(super) fn value(&self, attribute: Attribute, value: u64) -> Option<&'a ValueBaseline> {
        self.baselines.value(attribute, value)
    }

    pub(super) fn app(&self) -> Option<&'a AppBaseline> {
        let name = self
            .observed
            .event
            .event
            .context
            .oauth_app_name
            .as_deref()?;
        self.baselines.app(name)
    }

    /// How many others of the organisation use a network regularly, and did within the last 30 days; up to a bound.
    pub(super) fn others_in_network(&self, network: u64) -> usize {
        let who = self
            .observed
            .subject
            .as_ref()
            .map_or(0, |subject| subject.hash);
        let since = self.at.saturating_sub(30 * DAY);
        self.value(Attribute::Network, network)
            .map_or(0, |known| known.crowd.regulars(who, since))
    }

    /// How many others of the organisation use this address regularly, and did within the last 30 days; up to a bound.
    pub(super) fn others_at_address(&self) -> usize {
        let who = self
            .observed
            .subject
            .as_ref()
            .map_or(0, |subject| subject.hash);
        let since = self.at.saturating_sub(30 * DAY);
        self.address()
            .map_or(0, |address| address.crowd.regulars(who, since))
    }

    /// When this policy spoke last about the person.
    pub(super) fn raised(&self) -> Option<Raise> {
        self.person?.raises.of(self.policy)
    }

    /// The address is not one that the owner says is the organisation's own.
    pub(super) fn not_own_address(&self, facts: &AddressFacts) -> Result<(), Quiet> {
        self.require(!is_own(facts), || {
            "the owner says that the address is the organisation's own (category corporate or administrative), which wins over feeds"
                .to_owned()
        })
    }

    /// Which of device and network the person has not used for so many days already.
    pub(super) fn unfamiliar(&self, person: &PersonBaseline, days: u32) -> Unfamiliar {
        let before = self.at.saturating_sub(days.saturating_mul(DAY));
        self.unfamiliar_since(person, before)
    }

    /// Which of device and network the person did not use before that time.
    pub(super) fn unfamiliar_since(&self, person: &PersonBaseline, before: Second) -> Unfamiliar {
        let (at, traits) = (self.at, &self.observed.traits);
        let device = |device| person.devices.is_unfamiliar(device, at, before);
        let network = |network| person.networks.is_unfamiliar(network, at, before);
        Unfamiliar {
            device: traits.device.is_some_and(device),
            network: traits.network.is_some_and(network),
        }
    }

    /// Whether the person was never active at this very address before that time. Unknown is not new.
    pub(super) fn is_new_address(&self, before: Second) -> bool {
        let Some(subject) = &self.observed.subject else {
            return false;
        };
        match self.address().map(|address| &address.crowd) {
            None => self.observed.subscriber().is_some(),
            Some(crowd) => match crowd.first(subject.hash) {
                Some(first) => first > before,
                None => !crowd.is_full(),
            },
        }
    }

    /// How many others of the organisation use the network of the event regularly, as far as it is known.
    pub(super) fn others_here(&self) -> usize {
        let network = self.observed.traits.network;
        network.map_or(0, |network| self.others_in_network(network))
    }

    /// Whether the address is the organisation's own.
    pub(super) fn is_at_own_address(&self) -> bool {
        self.observed.event.address.as_deref().is_some_and(is_own)
    }

    /// The address, as the entity of a finding.
    pub(super) fn address_entity(&self) -> Entity {
        let address = self.observed.event.event.context.client_ip_address.clone();
        Entity {
            kind: EntityKind::Address,
            id: address.unwrap_or_default(),
            name: None,
        }
    }
}

/// What of device and network is not familiar. Unknown is not unfamiliar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unfamiliar {
    pub(super) device: bool,
    pub(super) network: bool,
}

impl Unfamiliar {
    pub(super) fn both(self) -> bool {
        self.device && self.network
    }

    pub(super) fn either(self) -> bool {
        self.device || self.network
    }
}

impl Raised {
    /// Something about `subject`, at the policy's own severity.
    pub(super) fn about(subject: &Subject<'_>, title: String) -> Box<Self> {
        let entity = Entity {
            kind: subject.kind,
            id: subject.key.to_string(),
            name: Some(subject.name.to_owned()).filter(|name| *name != *subject.key),
        };
        Self::new(entity, title)
    }

    pub(super) fn new(entity: Entity, title: String) -> Box<Self> {
        Box::new(Self {
            title,
            steps: 0,
            entity,
            dedup: None,
            earlier: Vec::new(),
            expected: String::new(),
            seen: String::new(),
            comparisons: Vec::new(),
            not_suppressed: Vec::new(),
            remember: None,
        })
    }

    pub(super) fn compare(&mut self, what: &str, seen: f64, limit: f64) {
        self.comparisons.push(Comparison {
            what: what.to_owned(),
            seen,
            limit,
        });
    }

    pub(super) fn unsuppressed(&mut self, reason: impl Into<String>) {
        self.not_suppressed.push(reason.into());
    }

    pub(super) fn after<'a>(&mut self, events: impl IntoIterator<Item = &'a Reference>) {
        self.earlier
            .extend(events.into_iter().map(Reference::to_event));
    }
}
