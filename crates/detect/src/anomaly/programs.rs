//! Service accounts and tokens that come from elsewhere or do new things (`defender-behaviour.md`, section 1.6).

use drishti_model::AddressFacts;

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::new_activity::{NewActivity, Program};
use super::newness::SENSITIVE;
use super::parameters::Parameters;
use super::patience::Patience;
use super::words;
use crate::EntityKind;
use crate::baseline::{Aspects, Attribute, FORGOTTEN_AFTER, Lessons, PersonBaseline, is_own};

/// A service account, or a personal access token, is used from a network from which it never was.
#[derive(Debug)]
pub(super) struct ServiceAccountNewNetwork {
    patience: Patience,
    personal_tokens: bool,
    shared_people: usize,
}

impl ServiceAccountNewNetwork {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            patience: Patience::new(parameters),
            personal_tokens: parameters.flag("personal_tokens", true),
            shared_people: parameters.shared_people(),
        }
    }

    /// People take their own programs along: a token is only out of place in a network in which its owner never was.
    fn of_person(
        &self,
        moment: &Moment<'_>,
        person: &PersonBaseline,
        network: u64,
        facts: &AddressFacts,
    ) -> Result<(), Quiet> {
        moment.require(self.personal_tokens, || {
            "personal access tokens are not looked at".to_owned()
        })?;
        moment.learned(7)?;
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        moment.require(person.networks.since(network, since).is_none(), || {
            "the owner of the token uses this network in person".to_owned()
        })?;
        let others = moment.others_in_network(network);
        moment.require(others < self.shared_people && !is_own(facts), || {
            "the network is one that the organisation uses".to_owned()
        })
    }
}

impl Judge for ServiceAccountNewNetwork {
    fn interest(&self) -> Interest {
        Interest::any(
            Aspects::DONE,
            Aspects::SERVICE_ACCOUNT.union(Aspects::PERSONAL_TOKEN),
        )
    }

    fn asks(&self) -> Lessons {
        Lessons::TOKEN_NETWORKS | Lessons::NETWORKS | Lessons::NETWORKS_OF_ALL
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.subject()?;
        let by_token = moment.has_any(Aspects::SERVICE_ACCOUNT | Aspects::PERSONAL_TOKEN);
        moment.require(by_token && moment.has(Aspects::DONE), || {
            "neither a service account nor a personal access token was used".to_owned()
        })?;
        let network = moment.network()?;
        let nothing = || "this is the first time that anything is seen of it".to_owned();
        let person = moment
            .person
            .filter(|person| person.last > 0)
            .ok_or_else(|| moment.quiet(nothing))?;
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        let is_new = person
            .token_networks
            .is_new(network, moment.at, FORGOTTEN_AFTER);
        moment.require(is_new, || {
            "tokens were used from this network before".to_owned()
        })?;
        let facts = moment.facts()?;
        let known = person.token_networks.usual(since);
        if subject.kind == EntityKind::ServiceAccount {
            moment.organisation_learned(7)?;
            moment.require(!known.is_empty(), || {
                "no network of the service account is known yet".to_owned()
            })?;
            self.patience.is_over(
                moment,
                person.learning_since,
                person.active_days,
                person.token_networks.newest(),
            )?;
        } else {
            self.of_person(moment, person, network, facts)?;
        }
        let whose = if subject.kind == EntityKind::ServiceAccount {
            "service account"
        } else {
            "personal access token of"
        };
        let title = format!("The {whose} {} was used from a new network", subject.name);
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "tokens are used from {}",
            words::values(moment, Attribute::Network, &known)
        );
        raised.seen = format!("{} from {}", what(moment), origin(moment));
        let others = moment.others_in_network(network);
        raised.compare(
            "networks known of it",
            f64::from(u32::try_from(known.len()).unwrap_or(u32::MAX)),
            0.0,
        );
        raised.unsuppressed(words::few_others_use(others, "the network"));
        if moment.has_any(SENSITIVE) {
            raised.steps += 1;
            raised.unsuppressed(
                "the first thing done from there is a sensitive one, which raises the severity",
            );
        }
        Ok(raised)
    }
}

/// A service account does what it never did.
#[derive(Debug)]
pub(super) struct ServiceAccountNewActivity(NewActivity);

impl ServiceAccountNewActivity {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self(NewActivity::new(parameters, false))
    }
}

impl Judge for ServiceAccountNewActivity {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::SERVICE_ACCOUNT))
    }

    fn asks(&self) -> Lessons {
        Lessons::EVENT_TYPES
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.subject()?;
        moment.require(moment.has(Aspects::DONE | Aspects::SERVICE_ACCOUNT), || {
            "no service account did it".to_owned()
        })?;
        let nothing = || "this is the first time that anything is seen of it".to_owned();
        let person = moment
            .person
            .filter(|person| person.last > 0)
            .ok_or_else(|| moment.quiet(nothing))?;
        let program = Program {
            event_types: &person.event_types,
            first: person.learning_since,
            active_days: person.active_days,
        };
        let before = self.0.judge(moment, &program)?;
        let name = &moment.observed.event.event.event_type;
        let title = format!(
            "The service account {} did `{name}` for the first time",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!("it does {}", before.words(moment));
        raised.seen = format!(
            "`{name}`, which it never did in {}",
            words::watched(moment, person)
        );
        before.weigh(&mut raised);
        Ok(raised)
    }
}
