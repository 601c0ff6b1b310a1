use axum::Json;
use axum::extract::State;
use drishti_services::{FACET_VALUES_MAX, Facet, FacetField, Services};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::filters::EventParameters;
use super::histogram::span;
use crate::parameters::{Parameters, word};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Values of a field where the caller does not say.
const VALUES_DEFAULT: usize = 10;

/// Which fields are counted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FacetParameters {
    /// What is counted: `source`, `event_type`, `event_category`, `actor_type`, `actor_email`, `actor_gid`, `resource_type`,
    /// `resource_subtype`, `context_type`, `api_authentication_method`, `client_ip_address`, `oauth_app_name`, `ip_country`, `ip_city`,
    /// `ip_organization`, `ip_category`, `ip_tags`, `device_browser`, `device_os`, `device_kind`, `device_tags`, `hour` (UTC) or `weekday`
    /// (0 is Sunday, UTC); can be given often.
    #[serde(default)]
    field: Vec<String>,
    /// Most values of each field: 1 to 200, 10 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    values: Option<usize>,
}

/// The most frequent values of fields.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Facets {
    /// In the order in which they were asked for.
    facets: Vec<FieldValues>,
}

/// The most frequent values of one field.
#[derive(Debug, Serialize, ToSchema)]
struct FieldValues {
    /// The field.
    field: &'static str,
    /// The most frequent first.
    values: Vec<ValueCount>,
    /// Whether there are more.
    is_truncated: bool,
}

/// One value.
#[derive(Debug, Serialize, ToSchema)]
struct ValueCount {
    /// The value; null: events without one.
    #[schema(required)]
    value: Option<String>,
    /// Events that have it.
    count: u64,
}

impl From<Facet> for FieldValues {
    fn from(facet: Facet) -> Self {
        let values = facet.values.into_iter();
        Self {
            field: facet.field.as_str(),
            values: values
                .map(|(value, count)| ValueCount { value, count })
                .collect(),
            is_truncated: facet.is_truncated,
        }
    }
}

/// Count the most frequent values of fields. Without `to`, up to a day ahead of now; without `from`, the 90 days before.
#[utoipa::path(
    get,
    path = "/events/facets",
    tag = "events",
    params(EventParameters, FacetParameters),
    responses((status = 200, description = "The values.", body = Facets), Failure<'static>)
)]
pub(crate) async fn get_event_facets(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(filters, counted): Parameters<EventParameters, FacetParameters>,
) -> Result<Json<Facets>, Problem> {
    let values = counted.values.unwrap_or(VALUES_DEFAULT);
    if !(1..=FACET_VALUES_MAX).contains(&values) {
        let problem = format!("it is {values}, expected 1 to {FACET_VALUES_MAX}");
        return Err(Problem::parameter("values", problem));
    }
    let mut fields = Vec::new();
    for text in &counted.field {
        let field: FacetField = word("field", text)?;
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    if fields.is_empty() {
        return Err(Problem::parameter("field", "at least one must be given"));
    }
    let span = span(&services, &filters)?;
    let filter = filters.into_filter(Some(span), scope)?;
    let facets = services.event_facets(&filter, &fields, values).await?;
    Ok(Json(Facets {
        facets: facets.into_iter().map(FieldValues::from).collect(),
    }))
}
