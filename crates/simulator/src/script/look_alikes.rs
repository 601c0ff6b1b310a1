//! Harmless deeds that look like attacks: somebody's duty, done again and again by the same people.

use chrono::Datelike;

use super::{Cast, Script, Way};
use crate::catalogue::{self, Group};
use crate::clock::{DAY, HOUR, MINUTE, SECOND, date_time};
use crate::duty::Duty;
use crate::scene::Who;

/// Nights of a week on which somebody on call is woken, in thousandths.
const WOKEN_PER_MILLE: u64 = 350;

impl Script<'_> {
    /// On some nights of their week, somebody is woken and works for a while.
    pub(super) fn on_call_night(&mut self) -> Cast {
        let week = self.campaign.period;
        let number = self.campaign.number;
        let duty = Duty::OnCall;
        let person = self
            .stage
            .organisation
            .on_duty(duty, number, week, self.at)?;
        let who = Who::Person(person);
        let first = person.local_day(self.at) + 1;
        for night in first..first + 5 {
            if !self.dice.per_mille(WOKEN_PER_MILLE) || person.on_long_leave(night) {
                continue;
            }
            self.at = person.midnight(night) + self.dice.between(30 * MINUTE, 4 * HOUR);
            self.sign_in(who, Way::Home, "SAML");
            for _ in 0..self.several(3..9) {
                self.wait(MINUTE, 15 * MINUTE);
                let kind = self.stage.catalogue.draw(Group::Jobs, &mut self.dice);
                self.step(kind, who, Way::Home);
            }
        }
        Some(())
    }

    /// Every other week a super admin throws away what is no longer needed.
    pub(super) fn bulk_clean_up(&mut self) -> Cast {
        let seat = u32::try_from(self.campaign.number).ok()?;
        let admin = self.stage.organisation.person(seat, 0);
        let who = Who::Person(admin);
        self.wait(0, 3 * DAY);
        self.go_to_work(&admin)?;
        for _ in 0..self.several(40..90) {
            let kind = match self.dice.below(100) {
                0..3 => catalogue::PROJECT_DELETED,
                3..20 => catalogue::ATTACHMENT_DELETED,
                20..35 => catalogue::STORY_DELETED,
                _ => catalogue::TASK_DELETED,
            };
            self.step(kind, who, Way::Desk);
            self.wait(2 * SECOND, 40 * SECOND);
        }
        Some(())
    }

    /// Every week somebody exports a few projects for a report, in the first week of a month more, and of a quarter most.
    pub(super) fn quarterly_export(&mut self) -> Cast {
        let number = self.campaign.number;
        let duty = Duty::Reporting;
        let person = self.stage.organisation.on_duty(duty, number, 0, self.at)?;
        let who = Who::Person(person);
        self.go_to_work(&person)?;
        let date = date_time(self.at);
        let exports = match (date.day() <= 7, date.month0() % 3) {
            (true, 0) => self.several(16..26),
            (true, _) => self.several(10..16),
            (false, _) => self.several(4..9),
        };
        if date.day() <= 7 {
            self.step(catalogue::MEMBERS_EXPORTED, who, Way::Desk);
            self.wait(MINUTE, 5 * MINUTE);
        }
        self.loot(who, Way::Desk, 2, exports);
        Some(())
    }
}
