//! Failed sign-ins to one account (`defender-behaviour.md`, section 1.3 f; `detections-catalogue.md`, numbers 1 to 4).

use super::address::origin;
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{
    Action, Aspects, Attribute, FAILURES_MAX, FAILURES_PAUSE, Failure, Lessons, MINUTE, Memory,
    days_between,
};

/// Many failures to sign in to one account, against its own habits.
#[derive(Debug)]
pub(super) struct MultipleFailedLogins {
    minimum: u32,
    window_minutes: u32,
    deviations: f64,
    learning_days: u32,
}

impl MultipleFailedLogins {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let deviations = parameters.sensitivity().choose(4.0, 3.0, 2.5);
        Self {
            minimum: parameters.count("minimum", 10, 2..=60),
            window_minutes: parameters.count("window_minutes", 5, 1..=60),
            deviations,
            learning_days: parameters.learning_days(0),
        }
    }
}

impl Judge for MultipleFailedLogins {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::FAILED_SIGN_IN)
    }

    fn asks(&self) -> Lessons {
        Lessons::empty()
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.require(moment.has(Aspects::FAILED_SIGN_IN), || {
            "the event is no failed sign-in".to_owned()
        })?;
        let subject = moment.subject()?;
        let first = || "this is the first failed sign-in to the account".to_owned();
        let person = moment.person.ok_or_else(|| moment.quiet(first))?;
        let from = moment.at.saturating_sub(self.window_minutes * MINUTE);
        let failures = person.failures.iter().filter(|failure| failure.at >= from);
        let count = u32::try_from(failures.clone().count())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        moment.require(count >= self.minimum, || {
            format!(
                "{count} failed sign-ins within {} minutes; {} are needed",
                self.window_minutes, self.minimum
            )
        })?;
        if self.learning_days > 0 {
            moment.organisation_learned(self.learning_days)?;
        }
        let rate = person.rate(Action::FailedSignIn);
        let in_hour = rate.map_or(0, |rate| rate.hour_count(moment.at)) + 1;
        let usual = rate.map(|rate| rate.hours);
        let own = usual
            .filter(|hours| hours.days > 0)
            .map_or(0.0, |hours| hours.above(self.deviations));
        moment.require(f64::from(in_hour) > own, || {
            format!(
                "{in_hour} failed sign-ins within an hour; up to {} are usual for the account",
                words::number(own)
            )
        })?;
        let since = person.failing_since(moment.at);
        let said = moment.raised().filter(|raise| raise.at >= since);
        moment.require(said.is_none(), || {
            format!(
                "the same failures were raised already; they go on until {} pass without one",
                words::days(f64::from(FAILURES_PAUSE) / 86_400.0)
            )
        })?;
        // Beyond that they are not told apart any more.
        let is_more = failures.clone().count() >= FAILURES_MAX;
        let many = format!("{}{count}", if is_more { "at least " } else { "" });
        let title = format!(
            "Sign-ins to the account of {} failed {many} times within {} minutes",
            subject.name, self.window_minutes
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "fewer than {} failures within {} minutes, and at most {} within an hour, as on a busy day of the account",
            self.minimum,
            self.window_minutes,
            words::number(own)
        );
        let origins = origins(failures.clone(), moment);
        raised.seen = format!(
            "{many} failures within {} minutes, {in_hour} within an hour, from {}",
            self.window_minutes,
            words::count(origins, "address", "addresses")
        );
        raised.compare(
            "failed sign-ins within minutes",
            f64::from(count),
            f64::from(self.minimum),
        );
        raised.compare("failed sign-ins within an hour", f64::from(in_hour), own);
        raised.unsuppressed("no alert about the same failures was raised before");
        raised.after(failures.map(|failure| &failure.event));
        raised.remember = Some((Memory::Subject, count));
        Ok(raised)
    }
}

/// From how many addresses this and the earlier failures came.
fn origins<'a>(failures: impl Iterator<Item = &'a Failure>, moment: &Moment<'_>) -> u32 {
    let mut origins: Vec<u128> = failures.filter_map(|failure| failure.subscriber).collect();
    origins.extend(moment.observed.subscriber());
    origins.sort_unstable();
    origins.dedup();
    u32::try_from(origins.len()).unwrap_or(u32::MAX)
}

/// A sign-in succeeds after several failures.
#[derive(Debug)]
pub(super) struct FailuresThenSuccess {
    failures: u32,
    window_minutes: u32,
    even_if_familiar: bool,
}

impl FailuresThenSuccess {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            failures: parameters.count("failures", 5, 2..=60),
            window_minutes: parameters.count("window_minutes", 30, 1..=1_440),
            even_if_familiar: parameters.flag("even_if_familiar", false),
        }
    }
}

impl Judge for FailuresThenSuccess {
    fn interest(&self) -> Interest {
        Interest::all(
            Aspects::DONE
                .union(Aspects::SIGN_IN)
                .union(Aspects::INTERACTIVE),
        )
    }

    fn asks(&self) -> Lessons {
        Lessons::FAMILIAR
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.require(moment.has(Aspects::SIGN_IN), || {
            "the event is no successful sign-in".to_owned()
        })?;
        let subject = moment.interactive()?;
        let none = || "no sign-in to the account failed before".to_owned();
        let person = moment.person.ok_or_else(|| moment.quiet(none))?;
        let window = moment.at.saturating_sub(self.window_minutes * MINUTE);
        let failures = person
            .failures
            .iter()
            .filter(|failure| failure.at >= window && failure.at >= person.signed_in);
        let count = u32::try_from(failures.clone().count()).unwrap_or(u32::MAX);
        moment.require(count >= self.failures, || {
            format!(
                "{} failed since the last success and within {} minutes; {} are needed",
                words::count(count, "sign-in", "sign-ins"),
                self.window_minutes,
                self.failures
            )
        })?;
        let unfamiliar = moment.unfamiliar(person, 1);
        let same_origin = moment.observed.subscriber().is_some()
            && failures
                .clone()
                .any(|failure| failure.subscriber == moment.observed.subscriber());
        let is_familiar = !unfamiliar.either() && person.last > 0;
        moment.require(!is_familiar || self.even_if_familiar, || {
            "the sign-in came from a device and a network that the person has used before: somebody mistyped a password, or signs in while others try".to_owned()
        })?;
        let title = format!("{} signed in after {count} failures", subject.name);
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "fewer than {} sign-ins fail before one succeeds; they use {}",
            self.failures,
            words::usual(moment, person, Attribute::Network)
        );
        raised.seen = format!(
            "{count} failures within {}, then a sign-in from {}",
            words::days(
                failures
                    .clone()
                    .next()
                    .map_or(0.0, |first| days_between(first.at, moment.at))
            ),
            origin(moment)
        );
        raised.compare(
            "failures before the sign-in",
            f64::from(count),
            f64::from(self.failures),
        );
        match (unfamiliar.device, unfamiliar.network) {
            (true, true) => raised.unsuppressed("device and network of the sign-in are new for the person, which raises the severity"),
            (true, false) => raised.unsuppressed("the device of the sign-in is new for the person"),
            (false, true) => raised.unsuppressed("the network of the sign-in is new for the person"),
            (false, false) => raised.unsuppressed("device and network are known, which lowers the severity"),
        }
        if same_origin {
            raised.unsuppressed("failures came from the same address as the sign-in");
        }
        raised.steps = i8::from(unfamiliar.both()) - i8::from(is_familiar);
        raised.after(failures.map(|failure| &failure.event));
        Ok(raised)
    }
}
