//! Who may do what: one row an operation, and the only place that says so. What stands here is enforced by `authentication`, compared
//! with the `OpenAPI` document by a test, and tried role by role by the tests of access.

use axum::http::Method;
use drishti_model::Role;

/// The least that an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The method.
    pub method: &'static str,
    /// The address, as the `OpenAPI` document writes it.
    pub path: &'static str,
    /// The least role; `None` where everybody may.
    pub least: Option<Role>,
    /// Whether it shows and changes only what is in the scope of the caller. Where it does not, who may see only some sources is
    /// refused.
    pub is_narrowed: bool,
    /// Whether it makes something, so that a repetition with the same `Idempotency-Key` must not make it again.
    pub creation: Option<Creation>,
    /// Whether it may take much time and memory, so that one caller has only a few of it at once.
    pub is_heavy: bool,
}

/// What the answer to a creation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It can be kept and given again.
    Plain,
    /// It holds a secret that is told once.
    Secret,
}

impl Permission {
    const fn new(method: &'static str, path: &'static str, least: Option<Role>) -> Self {
        Self {
            method,
            path,
            least,
            is_narrowed: false,
            creation: None,
            is_heavy: false,
        }
    }

    /// The same, for an operation that makes something.
    const fn creating(self, creation: Creation) -> Self {
        Self {
            creation: Some(creation),
            ..self
        }
    }

    /// The same, for an operation that may take much time and memory.
    const fn heavy(self) -> Self {
        Self {
            is_heavy: true,
            ..self
        }
    }

    /// The same, for an operation that looks at the caller's scope.
    const fn narrowed(self) -> Self {
        Self {
            is_narrowed: true,
            ..self
        }
    }
}

const fn open(method: &'static str, path: &'static str) -> Permission {
    Permission::new(method, path, None).narrowed()
}

const fn viewer(method: &'static str, path: &'static str) -> Permission {
    Permission::new(method, path, Some(Role::Viewer))
}

const fn analyst(method: &'static str, path: &'static str) -> Permission {
    Permission::new(method, path, Some(Role::Analyst))
}

const fn auditor(method: &'static str, path: &'static str) -> Permission {
    Permission::new(method, path, Some(Role::Auditor))
}

const fn admin(method: &'static str, path: &'static str) -> Permission {
    Permission::new(method, path, Some(Role::Admin))
}

/// The table, by address.
pub const PERMISSIONS: &[Permission] = &[
    viewer("GET", "/api/v1/accounts").narrowed(),
    viewer("GET", "/api/v1/addresses/{address}"),
    viewer("GET", "/api/v1/alerts").narrowed(),
    viewer("GET", "/api/v1/alerts/assignees").narrowed(),
    analyst("POST", "/api/v1/alerts/changes")
        .narrowed()
        .creating(Creation::Plain),
    viewer("GET", "/api/v1/alerts/counts").narrowed(),
    viewer("GET", "/api/v1/alerts/{id}").narrowed(),
    analyst("PATCH", "/api/v1/alerts/{id}")
        .narrowed()
        .creating(Creation::Plain),
    viewer("GET", "/api/v1/alerts/{id}/events").narrowed(),
    auditor("GET", "/api/v1/audit"),
    viewer("GET", "/api/v1/collectors").narrowed(),
    viewer("GET", "/api/v1/collectors/name/{name}").narrowed(),
    viewer("GET", "/api/v1/collectors/{collector}").narrowed(),
    viewer("GET", "/api/v1/collectors/{collector}/sources").narrowed(),
    admin("POST", "/api/v1/collectors/{collector}/sources").creating(Creation::Plain),
    viewer("GET", "/api/v1/collectors/{collector}/sources/{source}").narrowed(),
    admin("PUT", "/api/v1/collectors/{collector}/sources/{source}").narrowed(),
    admin("DELETE", "/api/v1/collectors/{collector}/sources/{source}").narrowed(),
    admin(
        "POST",
        "/api/v1/collectors/{collector}/sources/{source}/action/restart",
    )
    .narrowed(),
    viewer("GET", "/api/v1/coverage").narrowed(),
    admin("GET", "/api/v1/doctor"),
    viewer("GET", "/api/v1/events").narrowed(),
    viewer("GET", "/api/v1/events/export").narrowed().heavy(),
    viewer("GET", "/api/v1/events/facets").narrowed(),
    viewer("GET", "/api/v1/events/histogram").narrowed(),
    viewer("GET", "/api/v1/health-events").narrowed(),
    viewer("GET", "/api/v1/installation"),
    admin("PUT", "/api/v1/installation/retention"),
    open("GET", "/api/v1/openapi.json"),
    admin("GET", "/api/v1/operators"),
    admin("POST", "/api/v1/operators").creating(Creation::Plain),
    admin("GET", "/api/v1/operators/{name}"),
    admin("PATCH", "/api/v1/operators/{name}"),
    admin("DELETE", "/api/v1/operators/{name}"),
    // Operators change their own, admins that of others; the handler tells them apart.
    viewer("POST", "/api/v1/operators/{name}/password").narrowed(),
    viewer("GET", "/api/v1/people").narrowed(),
    viewer("GET", "/api/v1/people/{id}").narrowed(),
    viewer("GET", "/api/v1/people/{id}/places").narrowed(),
    viewer("GET", "/api/v1/policies"),
    analyst("POST", "/api/v1/policies")
        .heavy()
        .creating(Creation::Plain),
    analyst("POST", "/api/v1/policies/checks").heavy(),
    viewer("GET", "/api/v1/policies/counts"),
    analyst("POST", "/api/v1/policies/previews").heavy(),
    viewer("GET", "/api/v1/policies/vocabulary"),
    viewer("GET", "/api/v1/policies/{name}"),
    analyst("PUT", "/api/v1/policies/{name}").heavy(),
    analyst("PATCH", "/api/v1/policies/{name}"),
    analyst("DELETE", "/api/v1/policies/{name}"),
    analyst("POST", "/api/v1/policies/{name}/backtest").heavy(),
    viewer("GET", "/api/v1/policies/{name}/changes"),
    viewer("GET", "/api/v1/policies/{name}/text"),
    viewer("POST", "/api/v1/query").narrowed().heavy(),
    viewer("POST", "/api/v1/query/export").narrowed().heavy(),
    viewer("GET", "/api/v1/query/tables").narrowed(),
    viewer("GET", "/api/v1/ranges"),
    analyst("POST", "/api/v1/ranges").creating(Creation::Plain),
    analyst("POST", "/api/v1/ranges/import").creating(Creation::Plain),
    analyst("PUT", "/api/v1/ranges/{name}"),
    analyst("DELETE", "/api/v1/ranges/{name}"),
    viewer("GET", "/api/v1/recorded-matches"),
    viewer("GET", "/api/v1/risks").narrowed(),
    viewer("GET", "/api/v1/risks/{person}").narrowed(),
    // Whoever asks learns who they are, or that they are nobody.
    open("GET", "/api/v1/session"),
    open("POST", "/api/v1/session"),
    viewer("DELETE", "/api/v1/session").narrowed(),
    open("GET", "/api/v1/session/methods"),
    open("GET", "/api/v1/session/openid"),
    open("GET", "/api/v1/session/openid/callback"),
    viewer("POST", "/api/v1/session/totp").narrowed(),
    viewer("PUT", "/api/v1/session/totp").narrowed(),
    viewer("DELETE", "/api/v1/session/totp").narrowed(),
    viewer("GET", "/api/v1/sources").narrowed(),
    admin("POST", "/api/v1/sources").creating(Creation::Plain),
    admin("POST", "/api/v1/sources/import/sumo").creating(Creation::Plain),
    viewer("GET", "/api/v1/sources/{name}").narrowed(),
    admin("PATCH", "/api/v1/sources/{name}").narrowed(),
    admin("DELETE", "/api/v1/sources/{name}").narrowed(),
    viewer("GET", "/api/v1/sources/{name}/coverage").narrowed(),
    admin("POST", "/api/v1/sources/{name}/pause").narrowed(),
    viewer("GET", "/api/v1/sources/{name}/quarantine").narrowed(),
    admin("POST", "/api/v1/sources/{name}/quarantine/replay").narrowed(),
    viewer("GET", "/api/v1/sources/{name}/quarantine/{id}/raw").narrowed(),
    admin("POST", "/api/v1/sources/{name}/restart").narrowed(),
    admin("POST", "/api/v1/sources/{name}/resume").narrowed(),
    admin("POST", "/api/v1/sources/{name}/test").narrowed(),
    viewer("GET", "/api/v1/stream").narrowed(),
    viewer("GET", "/api/v1/suppressions"),
    analyst("POST", "/api/v1/suppressions").creating(Creation::Plain),
    analyst("POST", "/api/v1/suppressions/{id}/end"),
    viewer("GET", "/api/v1/tables"),
    admin("POST", "/api/v1/tables/update"),
    admin("GET", "/api/v1/tokens"),
    admin("POST", "/api/v1/tokens").creating(Creation::Secret),
    admin("DELETE", "/api/v1/tokens/{id}"),
    viewer("GET", "/api/v1/views").narrowed(),
    viewer("POST", "/api/v1/views")
        .narrowed()
        .creating(Creation::Plain),
    viewer("PUT", "/api/v1/views/{id}").narrowed(),
    viewer("DELETE", "/api/v1/views/{id}").narrowed(),
    open("GET", "/healthz"),
    viewer("GET", "/metrics"),
    open("GET", "/readyz"),
];

/// What a request needs, by its method and the route that answers it; `None` for an address without a route.
pub(crate) fn needed(method: &Method, route: Option<&str>) -> Permission {
    // Whoever is signed in may learn that there is nothing, or not with this method.
    let anybody = viewer("", "").narrowed();
    let Some(route) = route else { return anybody };
    let method = if *method == Method::HEAD {
        Method::GET
    } else {
        method.clone()
    };
    let rows = || PERMISSIONS.iter().filter(|row| row.path == route);
    let row = rows().find(|row| row.method == method.as_str());
    match row {
        Some(row) => *row,
        None if rows().next().is_some() => anybody,
        // A route that was forgotten here, which a test finds.
        None => admin("", ""),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_operation_has_its_row() {
        let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let mut described = BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let is_open = operation["security"] == json!([{}]);
                described.insert((path.clone(), method.to_uppercase()), is_open);
            }
        }
        let listed: BTreeMap<_, _> = PERMISSIONS
            .iter()
            .map(|row| {
                (
                    (row.path.to_owned(), row.method.to_owned()),
                    row.least.is_none(),
                )
            })
            .collect();
        assert_eq!(listed.len(), PERMISSIONS.len(), "a row stands there twice");
        assert_eq!(described, listed);
    }

    #[test]
    fn what_has_no_row_is_for_admins_or_nothing() {
        let least = |method: Method, route| needed(&method, route).least;
        for (method, route, role) in [
            (Method::GET, Some("/api/v1/audit"), Some(Role::Auditor)),
            (Method::HEAD, Some("/api/v1/audit"), Some(Role::Auditor)),
            (Method::PUT, Some("/api/v1/audit"), Some(Role::Viewer)),
            (Method::GET, Some("/api/v1/forgotten"), Some(Role::Admin)),
            (Method::GET, None, Some(Role::Viewer)),
            (Method::GET, Some("/healthz"), None),
        ] {
            assert_eq!(least(method, route), role, "{route:?}");
        }
    }
}
