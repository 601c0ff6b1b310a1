//! `drishti query`

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use drishti_model::SourceScope;
use drishti_services::QueryLimits;

use crate::cli::{Cli, QueryArgs};
use crate::output;

const MEGABYTE: usize = 1 << 20;

pub(crate) async fn run(cli: &Cli, arguments: &QueryArgs) -> anyhow::Result<ExitCode> {
    let services = super::open_existing(cli).await?;
    let limits = QueryLimits {
        rows: arguments.max_rows,
        time: Duration::from_secs(arguments.timeout),
        memory_bytes: arguments.memory.saturating_mul(MEGABYTE),
    };
    let answer = services
        .query(&arguments.sql, &limits, &SourceScope::All)
        .await?;
    let mut out = stdout().lock();
    answer.write(arguments.format, &mut out)?;
    out.flush().context("writing to standard output")?;
    if answer.is_truncated() {
        output::say(&format!(
            "only the first {} rows are shown; `--max-rows` raises the limit",
            output::grouped(arguments.max_rows as u64)
        ));
    }
    Ok(ExitCode::SUCCESS)
}
