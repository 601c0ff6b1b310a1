//! Whether the server is alive, and whether it can do its work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bounds::READY_TIME_MAX;
use crate::problem::{Code, OpenFailure, Problem, ProblemDocument};

/// A sign of life.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `alive`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
}

/// The process is alive.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    operation_id = "get_health",
    security(()),
    responses((status = 200, description = "The process is alive.", body = Alive), OpenFailure<'static>)
)]
pub(crate) async fn healthz() -> Json<Alive> {
    Json(Alive {
        status: "alive",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// That both stores answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Always `ready`.
    status: &'static str,
}

/// The ledger and the lake answer.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    operation_id = "get_readiness",
    security(()),
    responses(
        (status = 200, description = "Ledger and lake answer.", body = Ready),
        (status = 503, description = "One of them does not.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        OpenFailure<'static>
    )
)]
pub(crate) async fn readyz(State(services): State<Services>) -> Result<Json<Ready>, Problem> {
    let ledger = async {
        let answer = services.ledger().ping().await;
        answer.map_err(|error| silent("ledger", &error))
    };
    let lake = async {
        let answer = services.lake_statistics().await;
        answer.map(drop).map_err(|error| silent("lake", &error))
    };
    within(READY_TIME_MAX, "ledger", ledger).await?;
    within(READY_TIME_MAX, "lake", lake).await?;
    Ok(Json(Ready { status: "ready" }))
}

async fn within(
    limit: Duration,
    part: &str,
    answer: impl Future<Output = Result<(), Problem>>,
) -> Result<(), Problem> {
    let in_time = tokio::time::timeout(limit, answer).await;
    in_time.unwrap_or_else(|_| {
        let detail = format!(
            "the {part} did not answer within {} seconds",
            limit.as_secs()
        );
        Err(Problem::new(Code::NotReady, detail))
    })
}

fn silent(part: &str, error: &dyn std::error::Error) -> Problem {
    let problem = Problem::new(Code::NotReady, format!("the {part} does not answer"));
    problem.because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_says_nothing_is_not_waited_for() {
        let limit = Duration::from_millis(1);
        let problem = within(limit, "lake", std::future::pending()).await;
        assert!(problem.is_err_and(|problem| problem.is(Code::NotReady)));
        assert!(
            within(READY_TIME_MAX, "lake", async { Ok(()) })
                .await
                .is_ok()
        );
    }
}
