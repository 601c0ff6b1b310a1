use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use drishti_services::people::{PeopleFilter, PeopleOrder, PersonPosition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::Person;
use crate::cursor;
use crate::parameters::{Parameters, moment, page_size, source_name, word};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Which people are meant. All filters that are given must fit; what is unknown of somebody fits none that asks for it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeopleParameters {
    /// Only what this source knows.
    source: Option<String>,
    /// Text in name, e-mail address, id or a group, whatever its case.
    text: Option<String>,
    /// `person` or `service_account`.
    kind: Option<String>,
    /// `admin`, `guest`, `view_only` or `member`.
    role: Option<String>,
    /// `active`, `inactive`, `gone` or `unknown`.
    status: Option<String>,
    /// At least so many points of risk.
    risk_min: Option<i64>,
    /// Who have, or have no, alert that waits for somebody.
    has_alerts: Option<bool>,
    /// Who are going to leave or should have left, or of whom nobody says so.
    is_leaving: Option<bool>,
    /// Seen at this time or later.
    #[param(format = DateTime)]
    seen_from: Option<String>,
    /// Seen before this time, and not since.
    #[param(format = DateTime)]
    seen_to: Option<String>,
    /// `risk` (the highest first, which it is where it is left out), `last_seen`, `name` or `events`.
    order: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most people of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// One page of people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeoplePage {
    /// The people, in order.
    people: Vec<Person>,
    /// How many people fit the filter, on all pages.
    total: u64,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl PeopleParameters {
    fn filter(self, scope: drishti_model::SourceScope) -> Result<PeopleFilter, Problem> {
        let time = |name, text: &Option<String>| {
            text.as_deref().map(|text| moment(name, text)).transpose()
        };
        let order: PeopleOrder = self
            .order
            .as_deref()
            .map(|text| word("order", text))
            .transpose()?
            .unwrap_or_default();
        let after: Option<PersonPosition> =
            self.cursor.as_deref().map(cursor::decode).transpose()?;
        if after.as_ref().is_some_and(|after| after.order != order) {
            return Err(cursor::refused());
        }
        let source = self
            .source
            .as_deref()
            .map(|name| source_name("source", name));
        Ok(PeopleFilter {
            source: source.transpose()?,
            scope,
            text: self.text,
            kind: self
                .kind
                .as_deref()
                .map(|text| word("kind", text))
                .transpose()?,
            role: self
                .role
                .as_deref()
                .map(|text| word("role", text))
                .transpose()?,
            status: self
                .status
                .as_deref()
                .map(|text| word("status", text))
                .transpose()?,
            risk_min: self.risk_min,
            has_alerts: self.has_alerts,
            is_leaving: self.is_leaving,
            seen_from: time("seen_from", &self.seen_from)?,
            seen_to: time("seen_to", &self.seen_to)?,
            order,
            after,
            limit: page_size(self.limit)?,
        })
    }
}

/// List who does something in the sources, who has an account there, and who is at risk.
#[utoipa::path(
    get,
    path = "/people",
    tag = "people",
    params(PeopleParameters),
    responses((status = 200, description = "One page of people.", body = PeoplePage), Failure<'static>)
)]
pub(crate) async fn list_people(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<PeopleParameters>,
) -> Result<Json<PeoplePage>, Problem> {
    let page = services.people(parameters.filter(scope)?).await?;
    Ok(Json(PeoplePage {
        people: page.people.into_iter().map(Person::from).collect(),
        total: page.total,
        next_cursor: page.next.as_ref().map(cursor::encode),
    }))
}
