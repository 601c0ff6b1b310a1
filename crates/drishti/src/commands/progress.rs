//! Progress on a terminal; nothing where nobody looks.

use std::time::Duration;

use drishti_services::collect::CollectProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::grouped;

const TICK: Duration = Duration::from_millis(120);

/// A bar over the windows of a collection.
pub(crate) fn windows_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template(
            "{spinner} {bar:30} {pos}/{len} windows  {msg}  {elapsed}, {eta} to go",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(TICK);
    bar
}

/// Shows how far a collection has come.
pub(crate) fn show(bar: &ProgressBar, progress: CollectProgress) {
    bar.set_length(progress.windows_total);
    bar.set_position(progress.windows_done);
    bar.set_message(format!("{} events", grouped(progress.stored)));
}

/// A spinner for work whose length is unknown.
pub(crate) fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}  {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(TICK);
    bar
}
