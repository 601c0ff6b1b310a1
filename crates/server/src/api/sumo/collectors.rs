use axum::Json;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::failure::SumoFailure;
use super::view::{SumoCollector, SumoCollectorEnvelope, SumoCollectors};
use super::{check_collector, part};
use crate::parameters::{Parameters, Path};
use crate::preconditions::etag;
use crate::problem::{Code, Problem};

/// Which collectors are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CollectorParameters {
    /// `hosted`, `installed`, `alive` or `dead`.
    filter: Option<String>,
    /// Most that are listed.
    #[param(minimum = 1)]
    limit: Option<usize>,
    /// How many are left out before.
    offset: Option<usize>,
}

/// List the collectors: the one that this installation is.
#[utoipa::path(
    get,
    path = "/collectors",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(CollectorParameters),
    responses((status = 200, description = "The collectors.", body = SumoCollectors), SumoFailure)
)]
pub(crate) async fn list_sumo_collectors(
    Parameters(asked, _): Parameters<CollectorParameters>,
) -> Result<Json<SumoCollectors>, Problem> {
    let fits = match asked.filter.as_deref() {
        None | Some("hosted" | "alive") => true,
        Some("installed" | "dead") => false,
        Some(_) => {
            let problem = "expected `hosted`, `installed`, `alive` or `dead`";
            return Err(Problem::parameter("filter", problem));
        }
    };
    let all = fits.then(SumoCollector::new).into_iter().collect();
    let collectors = part(all, asked.limit, asked.offset)?;
    Ok(Json(SumoCollectors { collectors }))
}

/// Show the collector with this id.
#[utoipa::path(
    get,
    path = "/collectors/{collector}",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(("collector" = u64, Path, description = "Its id, which is 1.")),
    responses(
        (status = 200, description = "The collector.", body = SumoCollectorEnvelope, headers(("ETag" = String, description = "Its version."))),
        SumoFailure
    )
)]
pub(crate) async fn get_sumo_collector(Path(collector): Path<String>) -> Result<Response, Problem> {
    check_collector(&collector)?;
    Ok(answer())
}

/// Show the collector of this name.
#[utoipa::path(
    get,
    path = "/collectors/name/{name}",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(("name" = String, Path, description = "Its name, which is `Drishti`.")),
    responses(
        (status = 200, description = "The collector.", body = SumoCollectorEnvelope, headers(("ETag" = String, description = "Its version."))),
        SumoFailure
    )
)]
pub(crate) async fn get_sumo_collector_by_name(
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    if name == SumoCollector::NAME {
        return Ok(answer());
    }
    let detail = format!(
        "there is one collector here, and its name is {}",
        SumoCollector::NAME
    );
    Err(Problem::new(Code::NotFound, detail))
}

fn answer() -> Response {
    let collector = SumoCollector::new();
    ([(ETAG, etag(1))], Json(SumoCollectorEnvelope { collector })).into_response()
}
