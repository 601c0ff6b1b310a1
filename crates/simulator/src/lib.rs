//! A stand-in for Asana: an organisation with habits behind Asana's REST paths, deterministic by seed.
//!
//! Nothing is stored. The events of a stretch of time are a function of the seed, the size of the organisation and the
//! stretch; they are made when they are asked for and kept for a while in caches of a fixed size. So a large organisation
//! starts as quickly as a small one, and the same seed gives the same events whenever the simulator is started.
//!
//! `docs/SIMULATOR.md` says how to use it.

mod archive;
mod args;
mod campaign;
mod catalogue;
mod channel;
mod clock;
mod devices;
mod dice;
mod directory;
mod duty;
mod error;
mod faults;
mod filter;
mod gid;
mod http;
mod json;
mod labels;
mod lull;
mod names;
mod organisation;
mod person;
mod plan;
mod render;
mod roster;
mod route;
mod scenario;
mod scene;
mod script;
mod world;

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use axum::serve::ListenerExt;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use archive::{CHUNK_CACHE_BYTES_MAX, PLAN_CACHE_BYTES_MAX};
pub use args::{ATTACK_EVERY_MAX, ATTACK_EVERY_MIN, DAYS_MAX, DEFAULT_TOKEN, SimulateArgs};
pub use clock::{CLOCK_ADVANCE_SECONDS_MAX, Clock};
pub use error::SimulatorError;
pub use faults::{Entitlement, FaultPlan};
pub use gid::WORKSPACES_MAX;
pub use organisation::{PEOPLE_MAX, PEOPLE_MIN};
pub use scenario::{Attacks, UnknownAttack};

use archive::Archive;
use campaign::{Agenda, LEARNING};
use catalogue::Catalogue;
use clock::{BEGINNING, Millis, Timepiece};
use dice::Key;
use faults::EventFate;
use http::Service;
use organisation::Organisation;
use scene::Stage;
use world::{Feeds, Networks};

/// Bytes of exported lines that are gathered before they are written.
const EXPORT_BUFFER_BYTES: usize = 1 << 20;

/// The stages of all workspaces.
fn stages(args: &SimulateArgs, agenda: Agenda) -> Vec<Stage> {
    let organisations: Vec<Organisation> = (0_u8..)
        .zip(0..args.workspaces)
        .map(|(number, _)| Organisation::new(args.seed, number, args.people))
        .collect();
    let offices: Vec<(&str, Vec<usize>)> = organisations
        .iter()
        .map(|organisation| (organisation.name, organisation.offices.clone()))
        .collect();
    let networks = Arc::new(Networks::new(&offices));
    let catalogue = Arc::new(Catalogue::default());
    let stage =
        |organisation| Stage::new(organisation, networks.clone(), catalogue.clone(), agenda);
    organisations.into_iter().map(stage).collect()
}

/// The logs and the time that has passed until now.
fn open(args: &SimulateArgs, clock: &Timepiece) -> Result<Archive, SimulatorError> {
    args.check()?;
    let days = TimeDelta::days(args.days.into());
    let history: Millis = days.num_milliseconds().unsigned_abs();
    let now = clock.now();
    let history_start = now.saturating_sub(history);
    if history_start < BEGINNING {
        return Err(SimulatorError::TooEarly);
    }
    let fate = EventFate::new(Key::new(args.seed).with(FATE_OF_EVENTS));
    let agenda = Agenda {
        attacks: args.attacks,
        live_every: args
            .attack_every
            .and_then(|every| Millis::try_from(every.as_millis()).ok()),
        attacks_from: history_start + LEARNING,
        live_from: now,
    };
    Ok(Archive::new(stages(args, agenda), history_start, fate))
}

const FATE_OF_EVENTS: u64 = 0xfa7e;
const FATE_OF_REQUESTS: u64 = 0xfa7f;

/// The gid and name of each simulated workspace, in the order in which they are numbered. The first one is the same
/// for the same seed.
pub fn workspaces(args: &SimulateArgs) -> Vec<(String, String)> {
    let numbers = (0_u8..).zip(0..args.workspaces);
    numbers
        .map(|(number, _)| {
            let organisation = Organisation::new(args.seed, number, args.people);
            (
                organisation.workspace_gid().to_string(),
                organisation.name.to_owned(),
            )
        })
        .collect()
}

/// Listens where the arguments say; refuses an address that is not loopback.
pub async fn bind(args: &SimulateArgs) -> Result<TcpListener, SimulatorError> {
    let address = args::checked_loopback(args.listen)?;
    TcpListener::bind(address)
        .await
        .map_err(|source| SimulatorError::Bind { address, source })
}

/// Serves the simulated Asana until `shutdown` is cancelled. The history ends, and live traffic begins, at the time that
/// `clock` shows now, or at `--freeze-at`, where it stays until it is moved by `PUT /simulator/clock`. The labels of the
/// history are written first, if they are asked for.
pub async fn serve(
    args: SimulateArgs,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), SimulatorError> {
    let clock = Timepiece::new(args.freeze_at, clock);
    let archive = open(&args, &clock)?;
    let archive = labelled(&args, archive, clock.now()).await?;
    let faults = args.fault_plan()?;
    let feeds = match archive.stages().first() {
        Some(stage) => Feeds::new(&stage.networks),
        None => Feeds::new(&Networks::new(&[])),
    };
    let key = Key::new(args.seed).with(FATE_OF_REQUESTS);
    let service = Service::new(archive, clock, feeds, args.token, faults, key);
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "turning off delays of small packets");
        }
    });
    axum::serve(listener, http::router(Arc::new(service)))
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
        .map_err(SimulatorError::Serve)
}

/// Writes the labels before anything is served, on a thread that may wait for a disk.
async fn labelled(
    args: &SimulateArgs,
    archive: Archive,
    now: Millis,
) -> Result<Archive, SimulatorError> {
    if args.labels.is_none() {
        return Ok(archive);
    }
    let args = args.clone();
    let written = tokio::task::spawn_blocking(move || {
        write_labels(&args, &archive, now)?;
        Ok(archive)
    });
    written
        .await
        .map_err(|stopped| SimulatorError::Labels(stopped.into()))?
}

/// Writes the whole history of every workspace, one after the other, as JSONL in order of time and without any fault, and
/// the labels to the file of `--labels` if there is one. Answers the number of events.
pub fn export(
    args: &SimulateArgs,
    clock: Arc<dyn Clock>,
    output: &mut dyn Write,
) -> Result<u64, SimulatorError> {
    let clock = Timepiece::new(args.freeze_at, clock);
    let archive = open(args, &clock)?;
    let now = clock.now();
    let count = each_slot(&archive, now, output, Archive::lines).map_err(SimulatorError::Export)?;
    write_labels(args, &archive, now)?;
    Ok(count)
}

/// Writes which events of the history belong to attacks, and which are harmless and look like them, as JSONL
/// (`docs/SIMULATOR.md` has the keys). Answers the number of lines.
pub fn labels(
    args: &SimulateArgs,
    clock: Arc<dyn Clock>,
    output: &mut dyn Write,
) -> Result<u64, SimulatorError> {
    let clock = Timepiece::new(args.freeze_at, clock);
    let archive = open(args, &clock)?;
    each_slot(&archive, clock.now(), output, Archive::labels).map_err(SimulatorError::Labels)
}

/// The people of every workspace as an HR system would export them now: CSV with the columns
/// `gid,email,role,groups,leaving_since,terminated_since`.
pub fn people(args: &SimulateArgs, clock: Arc<dyn Clock>) -> Result<String, SimulatorError> {
    let clock = Timepiece::new(args.freeze_at, clock);
    let archive = open(args, &clock)?;
    let mut csv = roster::HEADER.to_owned();
    for stage in archive.stages() {
        roster::write(&stage.organisation, clock.now(), &mut csv);
    }
    Ok(csv)
}

/// To the file of `--labels`, if there is one.
fn write_labels(args: &SimulateArgs, archive: &Archive, now: Millis) -> Result<(), SimulatorError> {
    let Some(path) = &args.labels else {
        return Ok(());
    };
    let mut file = File::create(path).map_err(SimulatorError::Labels)?;
    each_slot(archive, now, &mut file, Archive::labels).map_err(SimulatorError::Labels)?;
    Ok(())
}

/// What is written about one slot of a workspace: events, or labels.
type Lines = fn(&Archive, u8, u32, &Range<Millis>, &mut Vec<u8>) -> u64;

fn each_slot(
    archive: &Archive,
    now: Millis,
    output: &mut dyn Write,
    write: Lines,
) -> io::Result<u64> {
    let span = 0..now;
    let mut count = 0;
    let mut lines = Vec::with_capacity(EXPORT_BUFFER_BYTES * 2);
    for stage in archive.stages() {
        for slot in archive.slots(&span) {
            count += write(archive, stage.organisation.number, slot, &span, &mut lines);
            if lines.len() >= EXPORT_BUFFER_BYTES {
                output.write_all(&lines)?;
                lines.clear();
            }
        }
    }
    output.write_all(&lines)?;
    output.flush()?;
    Ok(count)
}
