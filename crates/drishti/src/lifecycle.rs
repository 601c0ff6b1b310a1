//! The runtime, the log and the signals.

use anyhow::Context;
use drishti_services::QUERY_STACK_BYTES;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Threads for work that blocks, such as reading and syncing files.
const BLOCKING_THREADS_MAX: usize = 64;

/// What a server logs unless told otherwise; other commands log warnings of our own, and report errors themselves.
const SERVER_LOG: &str = "warn,drishti=info,drishti_server=info,drishti_services=info";
const COMMAND_LOG: &str = "error,drishti_services=warn,drishti_lake=warn,drishti_ledger=warn";

pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(QUERY_STACK_BYTES)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .context("starting the runtime")
}

/// Logs to standard error; standard output is for data.
pub(crate) fn start_logging(filter: Option<&str>, is_server: bool) {
    let default = if is_server { SERVER_LOG } else { COMMAND_LOG };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter.unwrap_or(default)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}

/// Exit status of a command that was interrupted, as shells count: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// A token that is cancelled by the first SIGINT or SIGTERM. The second one ends the process at once, which loses nothing that was
/// told to be stored.
pub(crate) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        tracing::info!("stopping; what was read is written first");
        stopped.cancel();
        next().await;
        end();
    });
    Ok(stop)
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever interrupts twice does not want to wait for the way back to main"
)]
fn end() {
    std::process::exit(INTERRUPTED);
}
