//! The switches of `drishti simulate`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::SimulatorError;
use crate::faults::FaultPlan;
use crate::gid::WORKSPACES_MAX;
use crate::organisation::{PEOPLE_MAX, PEOPLE_MIN};
use crate::scenario::Attacks;

/// Most days of history.
pub const DAYS_MAX: u32 = 1000;
/// Attacks on live traffic come no faster than this.
pub const ATTACK_EVERY_MIN: Duration = Duration::from_secs(30);
/// Attacks on live traffic come at least this often, if they come.
pub const ATTACK_EVERY_MAX: Duration = Duration::from_hours(24);
/// The token that the simulator takes when none is set. It guards nothing and is no secret.
pub const DEFAULT_TOKEN: &str = "simulated-token";
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8787);

/// What to simulate, and where to serve it.
#[derive(clap::Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Where to listen; loopback only. Port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_LISTEN, value_parser = loopback)]
    pub listen: SocketAddr,
    /// How many people each organisation has.
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub people: u32,
    /// How many days of history there are when the simulator starts.
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub days: u32,
    /// The same seed makes the same organisations and the same events.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The token that requests must bear. It guards made-up data and is no secret.
    #[arg(long, value_name = "TOKEN", env = "DRISHTI_SIMULATE_TOKEN", hide_env_values = true, default_value = DEFAULT_TOKEN)]
    pub token: String,
    /// How many organisations the token sees.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub workspaces: u32,
    /// Stop the clock at this time (RFC 3339): no live traffic, the same answers every time.
    #[arg(long, value_name = "TIME")]
    pub freeze_at: Option<DateTime<Utc>>,
    /// A named plan of faults: `none`, or `all` for moderate rates of everything that passes.
    #[arg(long, value_name = "PRESET", default_value = "none")]
    pub faults: String,
    /// One fault, added to the plan: a name and a value as in `GET /simulator/faults`. Can be given often.
    #[arg(long = "fault", value_name = "NAME=VALUE")]
    pub fault: Vec<String>,
    /// Which attacks there are, none of them in the first two weeks of the history: `none`, `all`, or names with commas
    /// between, such as `brute_force,token_theft`.
    #[arg(long, value_name = "NAMES", default_value_t = Attacks::NONE)]
    pub attacks: Attacks,
    /// Attack the live traffic too, once in every such time: `30s` to `24h`.
    #[arg(long, value_name = "TIME", value_parser = spacing)]
    pub attack_every: Option<Duration>,
    /// Write the whole history as JSONL to this file (`-` for standard output) and exit.
    #[arg(long, value_name = "FILE")]
    pub export: Option<String>,
    /// Write which events of the history belong to attacks, and which are harmless and look like them, as JSONL to this file.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Exit when standard input closes, so that a program that starts the simulator takes it along.
    #[arg(long)]
    pub exit_with_stdin: bool,
}

impl Default for SimulateArgs {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            people: 400,
            days: 90,
            seed: 1,
            token: DEFAULT_TOKEN.to_owned(),
            workspaces: 1,
            freeze_at: None,
            faults: "none".to_owned(),
            fault: Vec::new(),
            attacks: Attacks::NONE,
            attack_every: None,
            export: None,
            labels: None,
            exit_with_stdin: false,
        }
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "it is not of the form `address:port`".to_owned())?;
    checked_loopback(address).map_err(|error| error.to_string())
}

/// A number of seconds, minutes or hours, such as `90s`, `5m`, `2h`.
fn spacing(text: &str) -> Result<Duration, String> {
    let form = || "it is not of the form `90s`, `5m` or `2h`".to_owned();
    let unit_at = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(unit_at).ok_or_else(form)?;
    let seconds_each = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(form()),
    };
    let number: u32 = number.parse().map_err(|_| form())?;
    let spacing = Duration::from_secs(u64::from(number) * seconds_each);
    if (ATTACK_EVERY_MIN..=ATTACK_EVERY_MAX).contains(&spacing) {
        Ok(spacing)
    } else {
        Err("it is not between `30s` and `24h`".to_owned())
    }
}

pub(crate) fn checked_loopback(address: SocketAddr) -> Result<SocketAddr, SimulatorError> {
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(SimulatorError::NotLoopback(address))
    }
}

impl SimulateArgs {
    /// The plan of faults that the switches describe.
    pub fn fault_plan(&self) -> Result<FaultPlan, SimulatorError> {
        let preset = FaultPlan::preset(&self.faults).ok_or_else(|| SimulatorError::Fault {
            fault: self.faults.clone(),
            reason: "there is no such preset".to_owned(),
        })?;
        let add = |plan: FaultPlan, fault: &String| plan.with(fault);
        self.fault.iter().try_fold(preset, add)
    }

    /// Refuses numbers that the simulator has no room for.
    pub(crate) fn check(&self) -> Result<(), SimulatorError> {
        let most = u32::try_from(WORKSPACES_MAX).unwrap_or(1);
        let bounds = [
            ("people", self.people, PEOPLE_MIN, PEOPLE_MAX),
            ("days", self.days, 1, DAYS_MAX),
            ("workspaces", self.workspaces, 1, most),
        ];
        for (switch, value, minimum, maximum) in bounds {
            if !(minimum..=maximum).contains(&value) {
                return Err(SimulatorError::OutOfBounds {
                    switch,
                    value: value.into(),
                    minimum: minimum.into(),
                    maximum: maximum.into(),
                });
            }
        }
        if self.attack_every.is_some() && self.attacks == Attacks::NONE {
            return Err(SimulatorError::NothingToStage);
        }
        checked_loopback(self.listen).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        simulate: SimulateArgs,
    }

    fn parse(arguments: &[&str]) -> Result<SimulateArgs, String> {
        let arguments = std::iter::once("simulate").chain(arguments.iter().copied());
        Program::try_parse_from(arguments)
            .map(|program| program.simulate)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_of_the_switches_are_the_defaults() {
        let parsed = parse(&[]).unwrap();
        assert_eq!(
            format!("{parsed:?}"),
            format!("{:?}", SimulateArgs::default())
        );
    }

    #[test]
    fn only_loopback_is_listened_on() {
        assert!(parse(&["--listen", "[::1]:0"]).is_ok());
        let refusal = parse(&["--listen", "0.0.0.0:8787"]).unwrap_err();
        assert!(refusal.contains("only listens on loopback"), "{refusal}");
        let listen = "192.0.2.1:1".parse().unwrap();
        let args = SimulateArgs {
            listen,
            ..SimulateArgs::default()
        };
        assert!(matches!(args.check(), Err(SimulatorError::NotLoopback(_))));
    }

    #[test]
    fn numbers_have_bounds() {
        let cases: [fn(&mut SimulateArgs); 5] = [
            |args| args.people = 0,
            |args| args.people = PEOPLE_MAX + 1,
            |args| args.days = DAYS_MAX + 1,
            |args| args.workspaces = 17,
            |args| args.workspaces = 0,
        ];
        for change in cases {
            let mut args = SimulateArgs::default();
            change(&mut args);
            assert!(matches!(
                args.check(),
                Err(SimulatorError::OutOfBounds { .. })
            ));
        }
        assert!(SimulateArgs::default().check().is_ok());
    }

    #[test]
    fn attacks_on_live_traffic_have_a_spacing_within_bounds() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("24h", 86_400)] {
            let args = parse(&["--attacks", "all", "--attack-every", text]).unwrap();
            assert_eq!(args.attack_every, Some(Duration::from_secs(seconds)));
            assert!(args.check().is_ok());
        }
        for text in [
            "29s",
            "25h",
            "5",
            "m",
            "",
            "5 m",
            "-5m",
            "5µ",
            "99999999999m",
        ] {
            assert!(parse(&["--attack-every", text]).is_err(), "{text}");
        }
        let alone = parse(&["--attack-every", "5m"]).unwrap();
        assert!(matches!(alone.check(), Err(SimulatorError::NothingToStage)));
        let refusal = parse(&["--attacks", "phishing"]).unwrap_err();
        assert!(refusal.contains("consent_phishing"), "{refusal}");
    }

    #[test]
    fn faults_are_added_to_the_preset() {
        let args = parse(&["--faults", "all", "--fault", "late=0.5", "--fault", "cut=0"]).unwrap();
        let plan = args.fault_plan().unwrap();
        assert!((plan.late - 0.5).abs() < f64::EPSILON);
        assert!(plan.cut.abs() < f64::EPSILON);
        assert!(plan.rate_limited > 0.0);
        assert!(parse(&["--faults", "most"]).unwrap().fault_plan().is_err());
    }
}
