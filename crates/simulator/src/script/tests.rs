use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::campaign::{Agenda, LIVE_LASTS_MAX};
use crate::clock::{BEGINNING, DAY, HOUR};
use crate::organisation::Organisation;
use crate::scenario::{Attacks, SILENCE};

const START: Millis = BEGINNING + 2010 * DAY;

fn stage(seed: u64, people: u32, live_every: Option<Millis>) -> Stage {
    let agenda = Agenda {
        attacks: Attacks::all(),
        live_every,
        ..Agenda::default()
    };
    Stage::for_tests(seed, people, agenda)
}

fn campaigns(stage: &Stage, days: u64) -> Vec<Campaign> {
    stage.campaigns(&(START..START + days * DAY))
}

#[test]
fn campaigns_stay_within_their_time_and_are_in_order() {
    for (seed, people) in [(1, 400), (2, 60), (3, 3000)] {
        let stage = stage(seed, people, None);
        for campaign in campaigns(&stage, 120) {
            let rhythm = campaign.scenario.rhythm(&stage.organisation);
            let steps = stage.script(&campaign);
            for step in &steps {
                let end = campaign.start + rhythm.lasts_max;
                assert!((campaign.start..end).contains(&step.at), "{campaign:?}");
            }
        }
    }
}

#[test]
fn most_campaigns_can_be_cast() {
    let mut cast: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for seed in 1..=6 {
        let stage = stage(seed, 400, None);
        for campaign in campaigns(&stage, 180) {
            let (all, played) = cast.entry(campaign.scenario.slug()).or_default();
            *all += 1;
            *played += u32::from(!stage.script(&campaign).is_empty());
        }
    }
    assert_eq!(cast.len(), 17);
    for (name, (all, played)) in cast {
        let least = match name {
            // Whoever's turn it is may be new, a guest or on holiday.
            "dormant_account" => all / 2,
            "on_call_night" | "insider_export" => all * 3 / 4,
            _ => all * 9 / 10,
        };
        assert!(played >= least, "{name}: {played} of {all}");
    }
}

#[test]
fn every_step_is_found_again_by_its_trace() {
    let stage = stage(4, 400, Some(20 * MINUTE));
    let span = START..START + 3 * DAY;
    let mut rows = HashSet::new();
    for campaign in stage.campaigns(&span) {
        // Two campaigns may have the same row only at different times.
        assert!(rows.insert((campaign.row(), campaign.period)));
        let steps = stage.script(&campaign);
        for (step, sequence) in steps.iter().zip(0..) {
            let (found, same) = stage.step(campaign.row(), step.at, sequence).unwrap();
            assert_eq!(found.start, campaign.start);
            assert_eq!((same.at, same.kind), (step.at, step.kind));
        }
    }
    assert!(rows.len() > 200);
}

#[test]
fn live_traffic_is_attacked_with_all_that_is_quick_within_a_while() {
    for people in [400, 60] {
        let stage = stage(5, people, Some(5 * MINUTE));
        let mut seen = HashSet::new();
        let campaigns = stage.campaigns(&(START..START + 8 * HOUR));
        for campaign in campaigns.iter().filter(|campaign| campaign.is_live) {
            let steps = stage.script(campaign);
            let last = steps.iter().map(|step| step.at).max().unwrap();
            assert!(last < campaign.start + LIVE_LASTS_MAX, "{campaign:?}");
            assert!(steps[0].at < campaign.start + MINUTE, "{campaign:?}");
            seen.insert(campaign.scenario.slug());
        }
        assert!(seen.len() >= 10, "{people}: {seen:?}");
    }
}

#[test]
fn a_dormant_account_is_silent_until_it_is_awoken() {
    let stage = stage(6, 400, None);
    let mut sleepers = 0;
    for campaign in campaigns(&stage, 60) {
        let Some(Step {
            who: Who::Person(victim),
            ..
        }) = stage.script(&campaign).first().copied()
        else {
            continue;
        };
        let is_sleeper = campaign.scenario == Scenario::DormantAccount;
        let days = SILENCE / DAY;
        let silent_days =
            (1..days).filter(|day| stage.silent(victim.seat, campaign.start - day * DAY));
        assert_eq!(
            silent_days.count() as u64,
            if is_sleeper { days - 1 } else { 0 }
        );
        if is_sleeper {
            assert!(!stage.silent(victim.seat, campaign.start - SILENCE - DAY));
            assert!(!stage.silent(victim.seat, campaign.start + 6 * DAY));
            sleepers += 1;
        }
    }
    assert!(sleepers > 8, "{sleepers}");
    let silent = (0..400).filter(|&seat| stage.silent(seat, START)).count();
    assert!((20..50).contains(&silent), "{silent}");
}

#[test]
fn nobody_sleeps_unless_accounts_are_awoken() {
    let stage = Stage::for_tests(6, 400, Agenda::default());
    assert!((0..400).all(|seat| !stage.silent(seat, START)));
}

#[test]
fn a_single_person_is_enough_to_start() {
    let organisation = Organisation::new(1, 0, 1);
    assert_eq!(organisation.people, 1);
    let stage = stage(1, 1, Some(MINUTE));
    for campaign in campaigns(&stage, 30) {
        stage.script(&campaign);
    }
}
