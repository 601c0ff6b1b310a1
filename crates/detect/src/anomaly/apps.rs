//! OAuth apps that come from elsewhere or do new things (`defender-behaviour.md`, section 1.6: *unusual ISP for OAuth app* and
//! *suspicious OAuth file download*).

use drishti_model::AddressFacts;

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::new_activity::{NewActivity, Program};
use super::newness::SENSITIVE;
use super::parameters::Parameters;
use super::patience::Patience;
use super::words;
use crate::baseline::{
    AppBaseline, Aspects, Attribute, DAY, FORGOTTEN_AFTER, Lessons, PersonBaseline, Second,
    days_between, is_own,
};
use crate::{Entity, EntityKind};

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

/// The name of the app that did it.
fn app_name<'a>(moment: &Moment<'a>) -> Result<&'a str, Quiet> {
    moment.require(moment.has(Aspects::DONE | Aspects::APP), || {
        "no OAuth app did it".to_owned()
    })?;
    let context = &moment.observed.event.event.context;
    let name = context.oauth_app_name.as_deref();
    name.ok_or(Quiet::Lacks("the name of the app"))
}

/// What is known of the app that did it.
fn known_app<'a>(moment: &Moment<'a>) -> Result<&'a AppBaseline, Quiet> {
    let nothing = || "this is the first time that anything is seen of the app".to_owned();
    moment.app().ok_or_else(|| moment.quiet(nothing))
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
        let name = app_name(moment)?;
        let network = moment.network()?;
        let app = known_app(moment)?;
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

/// An OAuth app of few kinds of activity does what it never did, for anybody.
#[derive(Debug)]
pub(super) struct OauthAppNewActivity {
    new_activity: NewActivity,
    kinds_max: usize,
}

impl OauthAppNewActivity {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let kinds_max = parameters.count("kinds_max", 20, 1..=128);
        Self {
            new_activity: NewActivity::new(parameters, true),
            kinds_max: usize::try_from(kinds_max).unwrap_or(usize::MAX),
        }
    }
}

impl Judge for OauthAppNewActivity {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::APP))
    }

    fn asks(&self) -> Lessons {
        Lessons::OAUTH_APPS
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let name = app_name(moment)?;
        let app = known_app(moment)?;
        let kinds = app.event_types.len();
        moment.require(kinds < self.kinds_max, || {
            format!("the app does {kinds} kinds of activity: nothing is out of place for it")
        })?;
        let program = Program {
            event_types: &app.event_types,
            first: app.first,
            active_days: app.active_days,
        };
        let before = self.new_activity.judge(moment, &program)?;
        let done = &moment.observed.event.event.event_type;
        let title = format!("The app {name} did `{done}` for the first time");
        let mut raised = Raised::new(entity(name), title);
        raised.expected = format!("the app does {}", before.words(moment));
        raised.seen = format!(
            "{} from {}, which it never did for anybody in {}",
            what(moment),
            origin(moment),
            words::days(days_between(app.first, moment.at))
        );
        before.weigh(&mut raised);
        Ok(raised)
    }
}
