//! The truth about single events: which belong to an attack, and which are harmless and look like one.

use crate::clock::DAY;
use crate::json::Object;
use crate::names;
use crate::render::Timestamp;
use crate::scenario::Scenario;
use crate::scene::{Scene, Who};

/// What an event is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) scenario: Scenario,
    /// The same for all events of one attack, or of one harmless deed or habit.
    pub(crate) campaign: String,
}

impl Scene<'_> {
    /// The label of this event, if it has one.
    pub(crate) fn label(&self) -> Option<Label> {
        if let Some((campaign, _)) = &self.staged {
            let live = if campaign.is_live { "live-" } else { "" };
            let which = format!("{live}{}-{}", campaign.period, campaign.number);
            return Some(self.named(campaign.scenario, &which));
        }
        let Who::Person(person) = &self.who else {
            return None;
        };
        if self.passing.is_some() {
            return None;
        }
        let seat = person.seat;
        let local_day = person.local_day(self.at);
        let dated = |scenario, date: u64| Some(self.named(scenario, &format!("{seat}-{date}")));
        if let Some(week) = person.trip(local_day) {
            return dated(Scenario::BusinessTrip, week);
        }
        if let Some(week) = person.is_back_since(local_day) {
            return dated(Scenario::HolidayReturn, week);
        }
        if let Some(turn) = person.new_laptop(self.at) {
            return dated(Scenario::NewLaptop, turn);
        }
        match self.channel().looks_like? {
            // One move concerns a whole office.
            Scenario::OfficeMove => {
                let (moves, _) = person
                    .office()
                    .map(|office| self.stage.organisation.office_moves(office, self.at))?;
                let which = format!("{}-{moves}", person.office()?);
                Some(self.named(Scenario::OfficeMove, &which))
            }
            habit => dated(habit, self.at / DAY),
        }
    }

    fn named(&self, scenario: Scenario, which: &str) -> Label {
        let number = usize::from(self.stage.organisation.number);
        let (_, domain) = names::COMPANIES[number % names::COMPANIES.len()];
        let company = domain.split('.').next().unwrap_or_default();
        Label {
            scenario,
            campaign: format!("{company}-{}-{which}", scenario.slug()),
        }
    }

    /// Appends the label as one line of JSON; answers whether there is one.
    pub(crate) fn write_label(&self, lines: &mut Vec<u8>) -> bool {
        let Some(Label { scenario, campaign }) = self.label() else {
            return false;
        };
        let kind = if scenario.is_attack() {
            "attack"
        } else {
            "benign"
        };
        let policies = scenario.policies().join("\",\"");
        let mut label = Object::open(lines);
        label.plain("gid", self.gid);
        label.plain("created_at", Timestamp(self.at));
        label.plain("scenario", scenario.slug());
        label.plain("kind", kind);
        label.plain("campaign", campaign);
        label.bare("policies", format_args!("[\"{policies}\"]"));
        label.close();
        lines.push(b'\n');
        true
    }
}
