//! The simulator over HTTP: Asana's paths under `/api/1.0`, its own controls under `/simulator`, files under `/feeds`.

mod audit_log;
mod call;
mod control;
mod failure;
mod feeds;
mod fields;
mod guard;
mod memberships;
mod meter;
mod offset;
mod rows;
mod teams;
mod users;
mod workspaces;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::archive::Archive;
use crate::clock::{Millis, Timepiece};
use crate::dice::Key;
use crate::directory::Directory;
use crate::faults::FaultPlan;
use crate::organisation::Organisation;
use crate::world::Feeds;

use call::endpoint;
use meter::Meter;
use offset::Seal;

/// Everything that answers requests.
pub(crate) struct Service {
    pub(crate) archive: Archive,
    pub(crate) directory: Directory,
    pub(crate) clock: Timepiece,
    pub(crate) feeds: Feeds,
    pub(crate) token: String,
    /// The number of the next request, which decides its fate.
    requests: AtomicU64,
    request_key: Key,
    seal: Seal,
    faults: RwLock<Arc<FaultPlan>>,
    meter: Meter,
}

impl Service {
    pub(crate) fn new(
        archive: Archive,
        clock: Timepiece,
        feeds: Feeds,
        token: String,
        faults: FaultPlan,
        key: Key,
    ) -> Self {
        Self {
            archive,
            directory: Directory::default(),
            clock,
            feeds,
            token,
            requests: AtomicU64::new(0),
            request_key: key.with(0),
            seal: Seal::new(key.with(1)),
            faults: RwLock::new(Arc::new(faults)),
            meter: Meter::default(),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    pub(crate) fn faults(&self) -> Arc<FaultPlan> {
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.clone()
    }

    fn set_faults(&self, plan: FaultPlan) {
        let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        *faults = Arc::new(plan);
    }

    fn organisations(&self) -> impl Iterator<Item = &Organisation> {
        let stages = self.archive.stages().iter();
        stages.map(|stage| &*stage.organisation)
    }
}

pub(crate) fn router(service: Arc<Service>) -> Router {
    let unknown = || async { failure::no_route() };
    let api = Router::new()
        .route("/workspaces", endpoint(workspaces::list))
        .route("/workspaces/{workspace}", endpoint(workspaces::one))
        .route(
            "/workspaces/{workspace}/audit_log_events",
            endpoint(audit_log::events),
        )
        .route(
            "/workspaces/{workspace}/users",
            endpoint(users::of_workspace),
        )
        .route(
            "/workspaces/{workspace}/users/{user}",
            endpoint(users::one_of_workspace),
        )
        .route(
            "/workspaces/{workspace}/workspace_memberships",
            endpoint(memberships::of_workspace),
        )
        .route(
            "/workspaces/{workspace}/teams",
            endpoint(teams::of_workspace),
        )
        .route("/users", endpoint(users::list))
        .route("/users/{user}", endpoint(users::one))
        .route(
            "/users/{user}/workspace_memberships",
            endpoint(memberships::of_user),
        )
        .route("/users/{user}/teams", endpoint(teams::of_user))
        .route(
            "/users/{user}/team_memberships",
            endpoint(teams::memberships_of_user),
        )
        .route(
            "/workspace_memberships/{membership}",
            endpoint(memberships::one),
        )
        .route("/teams/{team}", endpoint(teams::one))
        .route("/teams/{team}/users", endpoint(users::of_team))
        .route(
            "/teams/{team}/team_memberships",
            endpoint(teams::memberships_of_team),
        )
        .route("/team_memberships", endpoint(teams::memberships))
        .route_layer(from_fn_with_state(service.clone(), guard::guard))
        .fallback(unknown)
        .layer(from_fn_with_state(service.clone(), meter::measure));
    Router::new()
        .nest("/api/1.0", api)
        .nest("/simulator", control::router())
        .nest("/feeds", feeds::router())
        .fallback(unknown)
        .layer(from_fn(meter::name_the_service))
        .layer(from_fn_with_state(service.clone(), meter::tell_the_time))
        .with_state(service)
}
