//! One request to the API and the shapes of its answers. Endpoints are plain functions from a call to an answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, RawPathParams, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::Service;
use super::failure::{Failure, JSON};
use super::fields::Fields;
use super::offset::ListMark;
use crate::clock::{Millis, SECOND};
use crate::faults::{FaultPlan, RequestFate};
use crate::gid::{Object, ObjectKind};
use crate::organisation::Organisation;

/// Rows or events on one page, the default and the most (`asana-api.md` section 0).
pub(super) const PAGE_ROWS_MAX: usize = 100;
/// Rows of a list that is asked for without `limit`; more are refused.
pub(super) const UNPAGED_ROWS_MAX: usize = 1000;

/// A request that may be answered.
pub(super) struct Call {
    pub(super) service: Arc<Service>,
    /// The plan of faults that held when the request came.
    pub(super) faults: Arc<FaultPlan>,
    pub(super) fate: RequestFate,
    pub(super) now: Millis,
    path: HashMap<String, String>,
    pub(super) parameters: BTreeMap<String, String>,
    /// Where the client believes the API is.
    host: String,
    /// The path below `/api/1.0`.
    route: String,
}

/// What `next_page` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NextPage {
    /// The key is not there at all.
    Absent,
    /// Null.
    None,
    /// More after this offset.
    Offset(String),
}

/// A good answer.
pub(super) enum Answer {
    One(Value),
    Rows(Vec<Value>, NextPage),
    /// Rows that are JSON already, with commas between.
    Written(Vec<u8>, NextPage),
}

type Endpoint = fn(&Call) -> Result<Answer, Failure>;

/// The route of an endpoint. It runs where it may take its time.
pub(super) fn endpoint(run: Endpoint) -> MethodRouter<Arc<Service>> {
    get(
        async move |State(service): State<Arc<Service>>,
                    Extension(fate): Extension<RequestFate>,
                    Extension(faults): Extension<Arc<FaultPlan>>,
                    path: RawPathParams,
                    Query(parameters): Query<BTreeMap<String, String>>,
                    headers: HeaderMap,
                    uri: Uri| {
            let text = |value: &str| value.to_owned();
            let host = headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok());
            let call = Call {
                now: service.now(),
                service,
                faults,
                fate,
                path: path
                    .iter()
                    .map(|(key, value)| (text(key), text(value)))
                    .collect(),
                parameters,
                host: text(host.unwrap_or("localhost")),
                route: text(uri.path()),
            };
            let answered = tokio::task::spawn_blocking(move || {
                run(&call).and_then(|answer| answer.body(&call))
            });
            match answered.await {
                Ok(Ok(body)) => good(body.into()),
                Ok(Err(failure)) => failure.into_response(),
                Err(_) => {
                    Failure::server_error(&mut crate::dice::Key::new(0).dice()).into_response()
                }
            }
        },
    )
}

/// A body that may yet be damaged on its way.
#[derive(Clone)]
pub(super) struct GoodBody(pub(super) Bytes);

fn good(body: Bytes) -> Response {
    let kept = GoodBody(body.clone());
    ([(header::CONTENT_TYPE, JSON)], Extension(kept), body).into_response()
}

impl Answer {
    fn body(self, call: &Call) -> Result<Vec<u8>, Failure> {
        let pretty = call.flag("opt_pretty")?;
        let (mut body, next) = match self {
            Self::One(record) => (json!({"data": record}), NextPage::Absent),
            Self::Rows(rows, next) => (json!({"data": rows}), next),
            Self::Written(rows, next) => return Ok(written(&rows, &call.next_page(&next))),
        };
        if next != NextPage::Absent {
            body["next_page"] = call.next_page(&next);
        }
        let bytes = if pretty {
            serde_json::to_vec_pretty(&body)
        } else {
            serde_json::to_vec(&body)
        };
        Ok(bytes.unwrap_or_default())
    }
}

fn written(rows: &[u8], next_page: &Value) -> Vec<u8> {
    let next_page = next_page.to_string();
    let parts = [
        br#"{"data":["#.as_slice(),
        rows,
        br#"],"next_page":"#,
        next_page.as_bytes(),
        b"}",
    ];
    parts.concat()
}

impl Call {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.parameter(name) {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(_) => Err(Failure::bad_request(format!("{name}: Not a boolean"))),
        }
    }

    /// `limit`, from 1 to 100.
    pub(super) fn limit(&self) -> Result<Option<usize>, Failure> {
        let Some(text) = self.parameter("limit") else {
            return Ok(None);
        };
        match text.parse() {
            Ok(limit) if (1..=PAGE_ROWS_MAX).contains(&limit) => Ok(Some(limit)),
            _ => Err(Failure::bad_request("limit: Must be between 1 and 100")),
        }
    }

    /// `offset`, unless its fate is to have expired.
    pub(super) fn offset(&self) -> Result<Option<&str>, Failure> {
        let offset = self.parameter("offset");
        if offset.is_some() && self.fate.expired_offset {
            return Err(Failure::expired_offset());
        }
        Ok(offset)
    }

    pub(super) fn check_lifetime(&self, issued_at: Millis) -> Result<(), Failure> {
        match self.faults.offset_lifetime_seconds {
            Some(seconds) if issued_at.saturating_add(seconds * SECOND) < self.now => {
                Err(Failure::expired_offset())
            }
            _ => Ok(()),
        }
    }

    /// The fields to answer with: those asked for, or these.
    pub(super) fn fields(&self, usual: &str) -> Result<Fields, Failure> {
        Fields::parse(self.parameter("opt_fields").unwrap_or(usual))
    }

    /// The id at this place of the path, as text.
    pub(super) fn path_id(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The object that a text names.
    pub(super) fn object(
        &self,
        name: &str,
        text: &str,
        kind: ObjectKind,
    ) -> Result<Object, Failure> {
        let gid = parse_gid(name, text)?;
        self.service
            .organisations()
            .next()
            .and_then(|organisation| organisation.gids.parse(gid))
            .filter(|object| object.kind == kind && self.organisation_of(object).is_some())
            .ok_or_else(|| Failure::unknown(name, text))
    }

    fn organisation_of(&self, object: &Object) -> Option<&Organisation> {
        let number = usize::from(object.workspace);
        self.service.organisations().nth(number)
    }

    /// The workspace that a text names.
    pub(super) fn workspace(&self, text: &str) -> Result<&Organisation, Failure> {
        let object = self.object("workspace", text, ObjectKind::Workspace)?;
        let unknown = || Failure::unknown("workspace", text);
        if object.number != 0 {
            return Err(unknown());
        }
        self.organisation_of(&object).ok_or_else(unknown)
    }

    /// The workspace in the path.
    pub(super) fn path_workspace(&self) -> Result<&Organisation, Failure> {
        self.workspace(self.path_id("workspace"))
    }

    /// The workspace of an object that exists.
    pub(super) fn home(&self, name: &str, object: &Object) -> Result<&Organisation, Failure> {
        self.organisation_of(object)
            .ok_or_else(|| Failure::unknown(name, &object.number.to_string()))
    }

    /// One page of a list whose rows have growing keys. `make` writes a row out.
    pub(super) fn page<Row>(
        &self,
        rows: &[(u64, Row)],
        unpaged_max: UnpagedMax,
        make: impl Fn(&Row) -> Value,
    ) -> Result<Answer, Failure> {
        let start = match self.offset()? {
            Some(offset) => {
                let mark: ListMark = self
                    .service
                    .seal
                    .open(offset)
                    .ok_or_else(Failure::invalid_offset)?;
                if mark.list != self.route {
                    return Err(Failure::invalid_offset());
                }
                self.check_lifetime(mark.issued_at)?;
                rows.partition_point(|(key, _)| *key <= mark.after)
            }
            None => 0,
        };
        let rows = &rows[start..];
        let Some(limit) = self.limit()? else {
            let rows = match unpaged_max {
                UnpagedMax::Refuse if rows.len() > UNPAGED_ROWS_MAX => {
                    return Err(Failure::bad_request(
                        "The result is too large. You should use pagination (may require specifying a workspace)!",
                    ));
                }
                UnpagedMax::Cap(most) if rows.len() > most => &rows[..most],
                _ => rows,
            };
            let rows = rows.iter().map(|(_, row)| make(row)).collect();
            return Ok(Answer::Rows(rows, NextPage::Absent));
        };
        let more = rows.len() > limit;
        let rows = &rows[..limit.min(rows.len())];
        let next = match rows.last() {
            Some((after, _)) if more => NextPage::Offset(self.service.seal.close(&ListMark {
                list: self.route.clone(),
                after: *after,
                issued_at: self.now,
            })),
            _ => NextPage::None,
        };
        Ok(Answer::Rows(
            rows.iter().map(|(_, row)| make(row)).collect(),
            next,
        ))
    }

    /// `next_page` with the parameters of this request and the new offset.
    fn next_page(&self, next: &NextPage) -> Value {
        let NextPage::Offset(offset) = next else {
            return Value::Null;
        };
        let mut query = Serializer::new(String::new());
        for (name, value) in &self.parameters {
            if name != "offset" {
                query.append_pair(name, value);
            }
        }
        query.append_pair("offset", offset);
        let path = format!("{}?{}", self.route, query.finish());
        json!({
            "offset": offset,
            "path": path,
            "uri": format!("http://{}/api/1.0{path}", self.host),
        })
    }
}

/// What a list does when it is long and asked for without `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnpagedMax {
    /// Refuses.
    Refuse,
    /// Ends after so many rows.
    Cap(usize),
}

pub(super) fn parse_gid(name: &str, text: &str) -> Result<u64, Failure> {
    let number = text.parse().ok().filter(|&gid| gid > 0);
    number.ok_or_else(|| Failure::not_an_id(name, text))
}
