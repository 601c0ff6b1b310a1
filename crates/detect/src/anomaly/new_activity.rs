use super::moment::{Moment, Quiet, Raised};
use super::newness::SENSITIVE;
use super::parameters::Parameters;
use super::patience::Patience;
use super::words;
use crate::baseline::{Attribute, FORGOTTEN_AFTER, Second, Seen, SeenSet, days_between};

/// When something that a program does is new enough to be told.
#[derive(Debug)]
pub(super) struct NewActivity {
    patience: Patience,
    sensitive_only: bool,
}

/// A program as it was before.
pub(super) struct Program<'a, const MAX: usize> {
    /// What it does.
    pub(super) event_types: &'a SeenSet<MAX>,
    /// When it was first seen.
    pub(super) first: Second,
    pub(super) active_days: u16,
}

/// What a program did until it did something new.
pub(super) struct DoneBefore {
    event_types: Vec<Seen>,
    is_sensitive: bool,
}

impl NewActivity {
    /// `sensitive_only`: what that parameter is where it is not given.
    pub(super) fn new(parameters: &mut Parameters<'_>, sensitive_only: bool) -> Self {
        Self {
            patience: Patience::new(parameters),
            sensitive_only: parameters.flag("sensitive_only", sensitive_only),
        }
    }

    /// Whether the program does something new, and is known well enough for that.
    pub(super) fn judge<const MAX: usize>(
        &self,
        moment: &Moment<'_>,
        program: &Program<'_, MAX>,
    ) -> Result<DoneBefore, Quiet> {
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        let done = program.event_types;
        if let Some(seen) = done.since(moment.observed.traits.event_type, since) {
            return Err(moment.quiet(|| {
                format!(
                    "it did the same {} ago, {} times in all",
                    words::days(days_between(seen.last, moment.at)),
                    seen.count
                )
            }));
        }
        moment.require(!done.is_full(), || {
            "it does so many kinds of things that not all are remembered".to_owned()
        })?;
        let is_sensitive = moment.has_any(SENSITIVE);
        moment.require(is_sensitive || !self.sensitive_only, || {
            "the activity is new but not a sensitive one".to_owned()
        })?;
        self.patience
            .is_over(moment, program.first, program.active_days, done.newest())?;
        Ok(DoneBefore {
            event_types: done.usual(since),
            is_sensitive,
        })
    }
}

impl DoneBefore {
    /// In words, the most frequent first.
    pub(super) fn words(&self, moment: &Moment<'_>) -> String {
        words::values(moment, Attribute::EventType, &self.event_types)
    }

    /// Adds what was compared, and a step of severity for what is sensitive.
    pub(super) fn weigh(&self, raised: &mut Raised) {
        let kinds = u32::try_from(self.event_types.len()).unwrap_or(u32::MAX);
        raised.compare("kinds of activity known of it", f64::from(kinds), 0.0);
        if self.is_sensitive {
            raised.steps += 1;
            raised.unsuppressed("it is an export, an administrative change, an invitation, a permanent deletion, or lets somebody in, which raises the severity");
        }
    }
}
