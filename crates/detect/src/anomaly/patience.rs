use super::moment::{Moment, Quiet};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{DAY, Second, days_between};

/// When the habits of a program are known: after the learning period, or earlier where nothing new has come up for a while.
#[derive(Debug)]
pub(super) struct Patience {
    pub(super) learning_days: u32,
    steady_days: u32,
}

impl Patience {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            learning_days: parameters.learning_days(30),
            steady_days: parameters.count("steady_days", 10, 0..=365),
        }
    }

    /// Whether a program that was first seen at `since`, and of which nothing new came up after `newest`, is known well enough.
    pub(super) fn is_over(
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
