//! A stand-in for Asana: an organisation with habits behind Asana's REST paths, deterministic by seed.
//!
//! Nothing is stored. The events of a stretch of time are a function of the seed, the size of the organisation and the
//! stretch; they are made when they are asked for and kept for a while in caches of a fixed size. So a large organisation
//! starts as quickly as a small one, and the same seed gives the same events whenever the simulator is started.
//!
//! `docs/SIMULATOR.md` says how to use it.

mod archive;
mod args;
mod catalogue;
mod channel;
mod clock;
mod devices;
mod dice;
mod directory;
mod error;
mod faults;
mod filter;
mod gid;
mod http;
mod json;
mod names;
mod organisation;
mod person;
mod plan;
mod render;
mod scene;
mod world;

use std::io::Write;
use std::sync::Arc;

use axum::serve::ListenerExt;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use archive::{CHUNK_CACHE_BYTES_MAX, PLAN_CACHE_BYTES_MAX};
pub use args::{DAYS_MAX, DEFAULT_TOKEN, SimulateArgs};
pub use clock::{CLOCK_ADVANCE_SECONDS_MAX, Clock};
pub use error::SimulatorError;
pub use faults::{Entitlement, FaultPlan};
pub use gid::WORKSPACES_MAX;
pub use organisation::{PEOPLE_MAX, PEOPLE_MIN};

use archive::Archive;
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
fn stages(args: &SimulateArgs) -> Vec<Stage> {
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
    let stage = |organisation| Stage {
        organisation: Arc::new(organisation),
        networks: networks.clone(),
        catalogue: catalogue.clone(),
    };
    organisations.into_iter().map(stage).collect()
}

/// The logs and the time that has passed until now.
fn open(args: &SimulateArgs, clock: &Timepiece) -> Result<Archive, SimulatorError> {
    args.check()?;
    let days = TimeDelta::days(args.days.into());
    let history: Millis = days.num_milliseconds().unsigned_abs();
    let history_start = clock.now().saturating_sub(history);
    if history_start < BEGINNING {
        return Err(SimulatorError::TooEarly);
    }
    let fate = EventFate::new(Key::new(args.seed).with(FATE_OF_EVENTS));
    Ok(Archive::new(stages(args), history_start, fate))
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
/// `clock` shows now, or at `--freeze-at`, where it stays until it is moved by `PUT /simulator/clock`.
pub async fn serve(
    args: SimulateArgs,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), SimulatorError> {
    let clock = Timepiece::new(args.freeze_at, clock);
    let archive = open(&args, &clock)?;
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

/// Writes the whole history of every workspace, one after the other, as JSONL in order of time and without any fault.
/// Answers the number of events.
pub fn export(
    args: &SimulateArgs,
    clock: Arc<dyn Clock>,
    output: &mut dyn Write,
) -> Result<u64, SimulatorError> {
    let clock = Timepiece::new(args.freeze_at, clock);
    let archive = open(args, &clock)?;
    let span = 0..clock.now();
    let mut count = 0;
    let mut lines = Vec::with_capacity(EXPORT_BUFFER_BYTES * 2);
    for stage in archive.stages() {
        for slot in archive.slots(&span) {
            count += archive.lines(stage.organisation.number, slot, &span, &mut lines);
            if lines.len() >= EXPORT_BUFFER_BYTES {
                output.write_all(&lines).map_err(SimulatorError::Export)?;
                lines.clear();
            }
        }
    }
    output.write_all(&lines).map_err(SimulatorError::Export)?;
    output.flush().map_err(SimulatorError::Export)?;
    Ok(count)
}
