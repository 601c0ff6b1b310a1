//! What can go wrong around the simulator; what it answers over HTTP on purpose is in `http::answer`.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// An error of the simulator.
#[derive(Debug, Error)]
pub enum SimulatorError {
    /// The simulator has no defences, so it listens on loopback only.
    #[error("listening on `{0}`: the simulator only listens on loopback addresses")]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("listening on `{address}`")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The server stopped by itself.
    #[error("serving the simulated Asana")]
    Serve(#[source] io::Error),
    /// The export's file or pipe refused.
    #[error("writing the exported history")]
    Export(#[source] io::Error),
    /// The labels' file refused.
    #[error("writing the labels")]
    Labels(#[source] io::Error),
    /// Live traffic is to be attacked with nothing.
    #[error("reading `--attack-every`: no attack is named with `--attacks`")]
    NothingToStage,
    /// A number outside its bounds.
    #[error("reading `--{switch}`: {value} is not between {minimum} and {maximum}")]
    OutOfBounds {
        /// The switch without its dashes.
        switch: &'static str,
        /// What was given.
        value: u64,
        /// The smallest value taken.
        minimum: u64,
        /// The largest value taken.
        maximum: u64,
    },
    /// A fault that does not exist or a value that it does not take.
    #[error("reading fault `{fault}`: {reason}")]
    Fault {
        /// As given.
        fault: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The clock is before the beginning of the simulated time.
    #[error("reading the clock: the simulated history would begin before 2020")]
    TooEarly,
    /// A running clock can't be moved.
    #[error("moving the clock: it is not frozen (start with `--freeze-at`)")]
    ClockRuns,
    /// A leap over the bound.
    #[error("moving the clock: {0} seconds are more than ten years")]
    ClockAdvance(u64),
}
