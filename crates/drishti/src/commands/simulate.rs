//! `drishti simulate`

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use drishti_simulator::SimulateArgs;

use crate::lifecycle::stop_on_signal;
use crate::output;

struct MachineClock;

impl drishti_simulator::Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        drishti_model::Clock::now(&drishti_model::SystemClock)
    }
}

pub(crate) async fn run(arguments: SimulateArgs) -> anyhow::Result<ExitCode> {
    let clock = Arc::new(MachineClock);
    if let Some(file) = arguments.export.clone() {
        let written = tokio::task::spawn_blocking(move || export(&arguments, clock, &file))
            .await
            .context("writing the history")??;
        output::say(&format!("{} events written", output::grouped(written)));
        return Ok(ExitCode::SUCCESS);
    }
    let stop = stop_on_signal()?;
    if arguments.exit_with_stdin {
        let stop = stop.clone();
        std::thread::spawn(move || {
            // An error is an end as well.
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap_or_default();
            stop.cancel();
        });
    }
    let listener = drishti_simulator::bind(&arguments).await?;
    let address = listener.local_addr().context("reading the own address")?;
    output::print_data(&format!("listening on http://{address}"))?;
    for (gid, name) in drishti_simulator::workspaces(&arguments) {
        output::say(&format!("workspace {gid}  {name}"));
    }
    drishti_simulator::serve(arguments, clock, listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}

fn export(arguments: &SimulateArgs, clock: Arc<MachineClock>, file: &str) -> anyhow::Result<u64> {
    let mut out: Box<dyn Write> = if file == "-" {
        Box::new(std::io::stdout().lock())
    } else {
        Box::new(File::create(file).with_context(|| format!("creating `{file}`"))?)
    };
    Ok(drishti_simulator::export(arguments, clock, &mut out)?)
}
