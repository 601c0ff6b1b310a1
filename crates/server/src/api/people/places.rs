use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use drishti_model::TimeRange;
use drishti_services::{CLOCK_AHEAD_MAX, PlaceSeen, Services};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::parameters::{Parameters, Path, moment, source_name};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Time that is looked at where `from` is left out.
const SPAN: TimeDelta = TimeDelta::days(30);

/// Which events are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaceParameters {
    /// Only events of this source.
    source: Option<String>,
    /// First moment.
    #[param(format = DateTime)]
    from: Option<String>,
    /// First moment after the last.
    #[param(format = DateTime)]
    to: Option<String>,
}

/// A place from which events came. What their addresses don't say is null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlaceOfPerson)]
struct Place {
    /// Two letters.
    #[schema(required)]
    country: Option<String>,
    /// Region or state.
    #[schema(required)]
    region: Option<String>,
    /// City.
    #[schema(required)]
    city: Option<String>,
    /// Degrees, north positive.
    #[schema(required)]
    latitude: Option<f64>,
    /// Degrees, east positive.
    #[schema(required)]
    longitude: Option<f64>,
    /// How many events came from there.
    events: u64,
    /// When the first of them happened.
    first_at: DateTime<Utc>,
    /// When the last of them happened.
    last_at: DateTime<Utc>,
}

/// Places from which events came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlaceOfPersonList)]
pub(crate) struct PlaceList {
    /// First moment that was looked at.
    from: DateTime<Utc>,
    /// First moment that was not looked at.
    to: DateTime<Utc>,
    /// The most frequent first, at most 200. Events without a place are one of them.
    places: Vec<Place>,
}

impl From<PlaceSeen> for Place {
    fn from(seen: PlaceSeen) -> Self {
        Self {
            country: seen.country,
            region: seen.region,
            city: seen.city,
            latitude: seen.latitude,
            longitude: seen.longitude,
            events: seen.events,
            first_at: seen.first_at,
            last_at: seen.last_at,
        }
    }
}

/// List from where a person's events came. Without `to`, up to a day ahead of now; without `from`, the 30 days before.
#[utoipa::path(
    get,
    path = "/people/{id}/places",
    tag = "people",
    params(("id" = String, Path, description = "Gid, e-mail address or name."), PlaceParameters),
    responses((status = 200, description = "The places.", body = PlaceList), Failure<'static>)
)]
pub(crate) async fn list_places_of_person(
    State(services): State<Services>,
    Path(person): Path<String>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<PlaceParameters>,
) -> Result<Json<PlaceList>, Problem> {
    let source = parameters.source.as_deref();
    let source = source.map(|name| source_name("source", name)).transpose()?;
    let time =
        |name, text: &Option<String>| text.as_deref().map(|text| moment(name, text)).transpose();
    let ahead = || (services.clock().now() + CLOCK_AHEAD_MAX).trunc_subsecs(0);
    let to = time("to", &parameters.to)?.unwrap_or_else(ahead);
    let from = time("from", &parameters.from)?.unwrap_or_else(|| to - SPAN);
    let range = TimeRange::new(from, to)
        .ok_or_else(|| Problem::parameter("to", "it must be after `from`"))?;
    let places = services.places_of(&person, source.as_ref(), &scope, range);
    Ok(Json(PlaceList {
        from,
        to,
        places: places.await?.into_iter().map(Place::from).collect(),
    }))
}
