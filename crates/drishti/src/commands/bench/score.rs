//! Comparing alerts with what is known of the attacks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_services::alerts::{AlertReasons, AlertView};
use serde::{Deserialize, Serialize};

/// The truth about one event, as the simulator tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Label {
    gid: String,
    created_at: DateTime<Utc>,
    scenario: String,
    kind: Kind,
    campaign: String,
    policies: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Attack,
    Benign,
}

/// One attack.
#[derive(Debug, Default)]
pub(super) struct Campaign {
    scenario: String,
    began_at: DateTime<Utc>,
    gids: BTreeSet<String>,
    policies: BTreeSet<String>,
}

impl Campaign {
    /// The attacks among the labels.
    pub(super) fn all(labels: &[Label]) -> Vec<Self> {
        let mut campaigns: BTreeMap<&str, Self> = BTreeMap::new();
        for label in labels.iter().filter(|label| label.kind == Kind::Attack) {
            let campaign = campaigns.entry(&label.campaign).or_insert_with(|| Self {
                scenario: label.scenario.clone(),
                began_at: label.created_at,
                ..Self::default()
            });
            campaign.began_at = campaign.began_at.min(label.created_at);
            campaign.gids.insert(label.gid.clone());
            campaign.policies.extend(label.policies.iter().cloned());
        }
        campaigns.into_values().collect()
    }
}

/// How good detection was over several organisations.
#[derive(Debug, Default, Serialize)]
pub(super) struct Score {
    person_days: f64,
    scenarios: BTreeMap<String, Caught>,
    policies: BTreeMap<String, Spoken>,
}

/// What became of some attacks. One is caught when a policy that should speak raised an alert on one of its events.
#[derive(Debug, Default, Serialize)]
struct Caught {
    attacks: u64,
    found: u64,
    /// From the first event of each caught attack to its first alert, in seconds.
    seconds: Vec<i64>,
}

impl Caught {
    fn add(&mut self, campaign: &Campaign, first_alert: Option<DateTime<Utc>>) {
        self.attacks += 1;
        if let Some(first_alert) = first_alert {
            self.found += 1;
            let after: TimeDelta = first_alert - campaign.began_at;
            self.seconds.push(after.num_seconds());
        }
    }

    fn median_time(&self) -> String {
        let mut sorted = self.seconds.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2);
        median.map_or_else(String::new, |seconds| {
            format!("{} min", (seconds + 30) / 60)
        })
    }
}

/// The alerts of one policy: on events of attacks, and on none; and the attacks that it is one of those to speak about.
#[derive(Debug, Default, Serialize)]
struct Spoken {
    right: u64,
    wrong: u64,
    #[serde(flatten)]
    expected: Caught,
}

impl Score {
    pub(super) fn add(
        &mut self,
        campaigns: &[Campaign],
        alerts: &[(&AlertView, &AlertReasons)],
        person_days: f64,
    ) {
        self.person_days += person_days;
        let mut of_event: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, campaign) in campaigns.iter().enumerate() {
            for gid in &campaign.gids {
                of_event.entry(gid).or_default().push(place);
            }
        }
        let mut first: HashMap<(usize, &str), DateTime<Utc>> = HashMap::new();
        for (alert, reasons) in alerts {
            let policy = &alert.policy_id;
            let hit: BTreeSet<usize> = reasons
                .event_gids
                .iter()
                .filter_map(|gid| of_event.get(gid.as_str()))
                .flatten()
                .copied()
                .collect();
            let spoken = self.policies.entry(policy.clone()).or_default();
            if hit.is_empty() {
                spoken.wrong += 1;
            } else {
                spoken.right += 1;
            }
            for place in hit {
                if campaigns[place].policies.contains(policy) {
                    let at = alert.time;
                    let known = first.entry((place, policy)).or_insert(at);
                    *known = at.min(*known);
                }
            }
        }
        for (place, campaign) in campaigns.iter().enumerate() {
            let by_policy = campaign.policies.iter().map(|policy| {
                let first_alert = first.get(&(place, policy.as_str())).copied();
                let spoken = self.policies.entry(policy.clone()).or_default();
                spoken.expected.add(campaign, first_alert);
                first_alert
            });
            let first_alert = by_policy.flatten().min();
            let caught = self.scenarios.entry(campaign.scenario.clone()).or_default();
            caught.add(campaign, first_alert);
        }
    }

    fn recall(&self) -> f64 {
        let attacks: u64 = self.scenarios.values().map(|caught| caught.attacks).sum();
        let caught: u64 = self.scenarios.values().map(|caught| caught.found).sum();
        share(caught, attacks)
    }

    /// Wrong alerts a day among 1,000 people.
    fn wrong_per_thousand_a_day(&self) -> f64 {
        self.per_thousand_a_day(self.policies.values().map(|spoken| spoken.wrong).sum())
    }

    fn per_thousand_a_day(&self, alerts: u64) -> f64 {
        number(alerts) * 1_000.0 / self.person_days
    }
}

impl Spoken {
    /// Nothing where it raised no alert.
    fn precision(&self) -> String {
        match self.right + self.wrong {
            0 => String::new(),
            all => format!("{:.2}", share(self.right, all)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of alerts are far below 2^52"
)]
fn number(count: u64) -> f64 {
    count as f64
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return f64::NAN;
    }
    number(part) / number(whole)
}

impl fmt::Display for Score {
    /// Tables in Markdown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "Recall {:.3}; {:.2} wrong alerts per 1,000 people a day ({:.0} person-days)\n",
            self.recall(),
            self.wrong_per_thousand_a_day(),
            self.person_days
        )?;
        writeln!(
            formatter,
            "| Attack | Number | Caught | Median time to the alert |"
        )?;
        writeln!(formatter, "|---|---|---|---|")?;
        for (scenario, caught) in &self.scenarios {
            writeln!(
                formatter,
                "| {scenario} | {} | {} | {} |",
                caught.attacks,
                caught.found,
                caught.median_time()
            )?;
        }
        writeln!(
            formatter,
            "\n| Policy | Right | Wrong | Precision | Wrong per 1,000 people a day | Spoke about attacks that name it | Median time |"
        )?;
        writeln!(formatter, "|---|---|---|---|---|---|---|")?;
        for (policy, spoken) in &self.policies {
            writeln!(
                formatter,
                "| `{policy}` | {} | {} | {} | {:.2} | {} of {} | {} |",
                spoken.right,
                spoken.wrong,
                spoken.precision(),
                self.per_thousand_a_day(spoken.wrong),
                spoken.expected.found,
                spoken.expected.attacks,
                spoken.expected.median_time()
            )?;
        }
        Ok(())
    }
}
