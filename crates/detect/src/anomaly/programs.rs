//! Service accounts, tokens and OAuth apps that come from elsewhere or do new things (`defender-behaviour.md`, section 1.6:
//! *unusual ISP for OAuth app* and *suspicious OAuth file download*).

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::newness::SENSITIVE;
use super::parameters::Parameters;
use super::words;
use crate::baseline::{
    AppBaseline, Aspects, Attribute, DAY, FORGOTTEN_AFTER, Lessons, PersonBaseline, Second,
    days_between, is_own,
};
use crate::{Entity, EntityKind};
use drishti_model::AddressFacts;

/// When habits are known: after the learning period, or earlier where nothing new has come up for a while.
#[derive(Debug)]
struct Patience {
    learning_days: u32,
    steady_days: u32,
}

impl Patience {
    fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            learning_days: parameters.learning_days(30),
            steady_days: parameters.count("steady_days", 10, 0..=365),
        }
    }

    /// Whether a program that was first seen at `since`, and of which nothing new came up after `newest`, is known well enough.
    fn is_over(
        &self,
        moment: &Moment<'_>,
        since: Second,
        active_days: u16,
        newest: Option<Second>,
    ) -> Result<(), Quiet> {
        let watched = moment.at.saturating_sub(since);
        let newest = newest.unwrap_or(moment.at);
        let steady = self.steady_days > 0
            && u32::from(active_days) >= self.steady_days / 2
            && moment.at.saturating_sub(newest) >= self.steady_days * DAY;
        moment.require(watched >= self.learning_days * DAY || steady, || {
            format!(
                "still learning: it has been watched for {} on {active_days} active days; {} days are needed, or {} days without anything new",
                words::days(days_between(since, moment.at)), self.learning_days, self.steady_days
            )
        })
    }
}

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
pub(super) struct ServiceAccountNewActivity {
    patience: Patience,
    sensitive_only: bool,
}

impl ServiceAccountNewActivity {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            patience: Patience::new(parameters),
            sensitive_only: parameters.flag("sensitive_only", false),
        }
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
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        let event_type = moment.observed.traits.event_type;
        if let Some(seen) = person.event_types.since(event_type, since) {
            return Err(moment.quiet(|| {
                format!(
                    "it did the same {} ago, {} times in all",
                    words::days(days_between(seen.last, moment.at)),
                    seen.count
                )
            }));
        }
        let sensitive = moment.has_any(SENSITIVE);
        moment.require(sensitive || !self.sensitive_only, || {
            "the activity is new but not a sensitive one".to_owned()
        })?;
        self.patience.is_over(
            moment,
            person.learning_since,
            person.active_days,
            person.event_types.newest(),
        )?;
        let known = person.event_types.usual(since);
        let name = &moment.observed.event.event.event_type;
        let title = format!(
            "The service account {} did `{name}` for the first time",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "it does {}",
            words::values(moment, Attribute::EventType, &known)
        );
        raised.seen = format!(
            "`{name}`, which it never did in {}",
            words::watched(moment, person)
        );
        raised.compare(
            "kinds of activity known of it",
            f64::from(u32::try_from(known.len()).unwrap_or(u32::MAX)),
            0.0,
        );
        if sensitive {
            raised.steps += 1;
            raised.unsuppressed("it is an export, an administrative change, an invitation, a permanent deletion, or lets somebody in, which raises the severity");
        }
        Ok(raised)
    }
}

/// An OAuth app comes from a network from which it never came, or a new app takes much at once.
#[derive(Debug)]
pub(super) struct OauthAppNewNetwork {
    patience: Patience,
    networks_max: usize,
    new_app_takes: u32,
}

impl OauthAppNewNetwork {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let networks_max = parameters.count("networks_max", 8, 1..=32);
        Self {
            patience: Patience::new(parameters),
            networks_max: usize::try_from(networks_max).unwrap_or(usize::MAX),
            new_app_takes: parameters.count("new_app_takes", 30, 1..=100_000),
        }
    }

    /// Apps that run on the machines of their users come from wherever those are.
    fn not_at_its_users(
        &self,
        moment: &Moment<'_>,
        app: &AppBaseline,
        network: u64,
        facts: &AddressFacts,
    ) -> Result<(), Quiet> {
        moment.require(app.networks.len() < self.networks_max, || {
            let networks = app.networks.len();
            format!("the app comes from {networks} networks: it runs where its users are")
        })?;
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        let is_theirs = |person: &PersonBaseline| person.networks.since(network, since).is_some();
        moment.require(!moment.person.is_some_and(is_theirs), || {
            "the app runs where the person is, who uses this network".to_owned()
        })?;
        moment.require(!is_own(facts), || {
            "the address is the organisation's own".to_owned()
        })
    }

    /// An app that is new to the organisation and takes much within an hour.
    fn new_app(&self, moment: &Moment<'_>, name: &str, first: Second, waiting: Quiet) -> Judgement {
        let app = moment.app().ok_or(waiting.clone())?;
        let count = app.takings.hour_count(moment.at).saturating_add(1);
        let limit = self.new_app_takes;
        // Said once, when the number is reached.
        let reached = count == limit || count.is_multiple_of(limit.saturating_mul(4));
        if !moment.has_any(Aspects::DOWNLOAD | Aspects::EXPORT) || count < limit || !reached {
            return Err(waiting);
        }
        moment.organisation_learned(7)?;
        let mut raised = Raised::new(
            entity(name),
            format!("The new app {name} took {count} files and exports within one hour"),
        );
        raised.expected = format!(
            "an app that the organisation has known for {} takes fewer than {limit} within one hour",
            words::days(days_between(first, moment.at))
        );
        raised.seen = format!("{} from {}", what(moment), origin(moment));
        raised.compare(
            "downloads and exports within one hour",
            f64::from(count),
            f64::from(limit),
        );
        raised.unsuppressed("the app is so new that nothing is known of its habits");
        Ok(raised)
    }
}

fn entity(name: &str) -> Entity {
    Entity {
        kind: EntityKind::App,
        id: name.to_owned(),
        name: None,
    }
}

impl Judge for OauthAppNewNetwork {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::APP))
    }

    fn asks(&self) -> Lessons {
        Lessons::OAUTH_APPS | Lessons::NETWORKS
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.require(moment.has(Aspects::DONE | Aspects::APP), || {
            "no OAuth app did it".to_owned()
        })?;
        let name = moment
            .observed
            .event
            .event
            .context
            .oauth_app_name
            .as_deref();
        let name = name.ok_or(Quiet::Lacks("the name of the app"))?;
        let network = moment.network()?;
        let nothing = || "this is the first time that anything is seen of the app".to_owned();
        let app = moment.app().ok_or_else(|| moment.quiet(nothing))?;
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        let is_known = !app.networks.is_new(network, moment.at, FORGOTTEN_AFTER);
        let known = || "the app has come from this network before".to_owned();
        let old = moment.at.saturating_sub(app.first) >= self.patience.learning_days * DAY;
        moment.require(!(is_known && old), known)?;
        let newest = app.networks.newest();
        let patience = self
            .patience
            .is_over(moment, app.first, app.active_days, newest);
        if let Err(waiting) = patience {
            return self.new_app(moment, name, app.first, waiting);
        }
        moment.require(!is_known, known)?;
        moment.organisation_learned(7)?;
        let facts = moment.facts()?;
        self.not_at_its_users(moment, app, network, facts)?;
        let known = app.networks.usual(since);
        let mut raised = Raised::new(
            entity(name),
            format!("The app {name} came from a new network"),
        );
        raised.expected = format!(
            "the app comes from {}",
            words::values(moment, Attribute::Network, &known)
        );
        raised.seen = format!("{} from {}", what(moment), origin(moment));
        raised.compare(
            "days since the app was first seen",
            days_between(app.first, moment.at),
            f64::from(self.patience.learning_days),
        );
        raised.unsuppressed("the person does not use the network either");
        if moment.has_any(SENSITIVE) {
            raised.steps += 1;
            raised.unsuppressed(
                "the first thing done from there is a sensitive one, which raises the severity",
            );
        }
        Ok(raised)
    }
}
