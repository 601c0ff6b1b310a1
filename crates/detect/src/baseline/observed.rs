use std::borrow::Cow;
use std::cell::OnceCell;

use drishti_model::{AccountRole, Actor, EnrichedEvent, Resource};

use super::aspects::{Aspects, TypeFacts, of_context};
use super::facts::FactValues;
use super::second::{Second, second_of};
use super::traits::{Traits, hash_text, subscriber};
use crate::{EntityKind, People, PersonFacts};

/// Whose habits an event is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    /// Asana's gid, else the e-mail address in lower case: the key of the baseline.
    pub(crate) key: Cow<'a, str>,
    /// The key as a number, for crowds.
    pub(crate) hash: u64,
    /// A person or a service account.
    pub(crate) kind: EntityKind,
    /// An e-mail address, a display name, or the key.
    pub(crate) name: &'a str,
    /// Whether Asana gave a gid, so that it must be an account that exists.
    pub(crate) has_gid: bool,
}

impl<'a> Subject<'a> {
    fn new(gid: Option<&'a str>, email: Option<&'a str>, name: Option<&'a str>) -> Option<Self> {
        let key = match (gid, email) {
            (Some(gid), _) => Cow::Borrowed(gid),
            (None, Some(email)) if email.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(email.to_ascii_lowercase())
            }
            (None, Some(email)) => Cow::Borrowed(email),
            (None, None) => return None,
        };
        Some(Self {
            hash: hash_text(&[&key]),
            key,
            kind: EntityKind::Person,
            name: email.or(name).or(gid).unwrap_or_default(),
            has_gid: gid.is_some(),
        })
    }

    /// Somebody who does something.
    pub(crate) fn of_actor(actor: &'a Actor) -> Option<Self> {
        let named = matches!(actor.actor_type.as_deref(), None | Some("user"));
        Self::new(
            actor.gid.as_deref(),
            actor.email.as_deref(),
            actor.name.as_deref(),
        )
        .filter(|_| named)
    }

    /// Somebody to whom something is done.
    pub(crate) fn of_resource(resource: &'a Resource) -> Option<Self> {
        let is_person = resource.resource_type.as_deref() == Some("user");
        Self::new(
            resource.gid.as_deref(),
            resource.email.as_deref(),
            resource.name.as_deref(),
        )
        .filter(|_| is_person)
    }
}

/// An event with everything that can be said of it without a memory.
#[derive(Debug)]
pub(crate) struct Observed<'a> {
    pub(crate) event: &'a EnrichedEvent,
    pub(crate) at: Second,
    pub(crate) aspects: Aspects,
    pub(crate) traits: Traits,
    /// Who did it; for sign-ins of strangers, whose account it was.
    pub(crate) subject: Option<Subject<'a>>,
    /// What the directory knows of the subject.
    pub(crate) facts: Option<&'a PersonFacts>,
    subscriber: OnceCell<Option<u128>>,
    /// Why its address says nothing about where somebody is, if so.
    pub(crate) hidden_place: Option<&'static str>,
}

impl<'a> Observed<'a> {
    pub(crate) fn new(
        enriched: &'a EnrichedEvent,
        types: TypeFacts,
        values: FactValues,
        people: &'a People,
    ) -> Self {
        let event = &enriched.event;
        let mut aspects = types.aspects | of_context(event);
        let actor = actor(enriched, &mut aspects);
        let facts = match &actor {
            Some(_) => people.of(&event.actor),
            None => None,
        };
        let stranger = actor.is_none() && aspects.contains(Aspects::FAILED_SIGN_IN);
        let account = Subject::of_resource(&event.resource).filter(|_| stranger);
        let facts = facts.or_else(|| {
            let account = account.as_ref()?;
            let gid = account.has_gid.then_some(&*account.key);
            people.find(gid, event.resource.email.as_deref())
        });
        let address = event.context.client_ip_address.as_deref();
        let app = event.context.oauth_app_name.as_deref();
        let kind = enriched.device.as_ref().and_then(|device| device.kind);
        let FactValues { origin, device } = values;
        Self {
            event: enriched,
            at: second_of(event.created_at),
            traits: Traits {
                country: origin.country.filter(|_| address.is_some()),
                network: origin.network.filter(|_| address.is_some()),
                device,
                device_kind: kind.map(|kind| kind as u64),
                event_type: types.value,
                app: app.map(|app| hash_text(&[app])),
            },
            facts,
            subject: actor.or(account),
            aspects,
            subscriber: OnceCell::new(),
            hidden_place: origin.hidden_place,
        }
    }

    /// The client address, or its /64 in IPv6.
    pub(crate) fn subscriber(&self) -> Option<u128> {
        let address = self.event.event.context.client_ip_address.as_deref();
        *self.subscriber.get_or_init(|| address.and_then(subscriber))
    }

    /// Whether somebody did it of whom the event does not say who, so that nobody's habits can be compared.
    pub(crate) fn lacks_actor(&self) -> bool {
        let actor_type = self.event.event.actor.actor_type.as_deref();
        self.subject.is_none()
            && matches!(actor_type, None | Some("user"))
            && !self.aspects.contains(Aspects::FAILED)
    }

    /// The role under which peers are compared.
    pub(crate) fn role(&self) -> Option<AccountRole> {
        self.facts.and_then(|facts| facts.role)
    }
}

/// Who did it, if somebody did whose habits can be known.
fn actor<'a>(enriched: &'a EnrichedEvent, aspects: &mut Aspects) -> Option<Subject<'a>> {
    let mut actor = Subject::of_actor(&enriched.event.actor)?;
    if aspects.contains(Aspects::SERVICE_ACCOUNT) {
        actor.kind = EntityKind::ServiceAccount;
    }
    if !aspects.contains(Aspects::FAILED) {
        *aspects |= Aspects::DONE;
    }
    Some(actor)
}
