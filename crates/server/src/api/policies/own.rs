use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use drishti_services::Services;
use utoipa::ToSchema;

use super::draft::PolicyDraft;
use super::single::answer;
use super::view::PolicyDetail;
use crate::body::Body;
use crate::parameters::Path;
use crate::preconditions::{IfMatch, etag};
use crate::principal::Author;
use crate::problem::{ChangeFailure, Failure, Problem, ProblemDocument};

/// Add a policy of the owner's. Detection takes it up at once; what has been evaluated already stays as it is.
#[utoipa::path(
    post,
    path = "/policies",
    tag = "policies",
    request_body = PolicyDraft,
    responses(
        (status = 201, description = "The policy.", body = PolicyDetail, headers(("ETag" = String, description = "Its revision."))),
        (status = 409, description = "One of this name is there.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        Failure<'static>
    )
)]
pub(crate) async fn create_policy(
    State(services): State<Services>,
    Author(author): Author,
    Body(draft): Body<PolicyDraft>,
) -> Result<Response, Problem> {
    let (policy, _) = services.add_policy(draft.text, &author).await?;
    let shown = answer(&services, policy.id.as_str()).await?;
    Ok((StatusCode::CREATED, shown).into_response())
}

/// Let a policy of the owner's be another of the same name. One that comes with the program, or stands in a file, can't be replaced.
#[utoipa::path(
    put,
    path = "/policies/{name}",
    tag = "policies",
    params(
        ("name" = String, Path, description = "Name of the policy."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = PolicyDraft,
    responses(
        (status = 200, description = "The policy.", body = PolicyDetail, headers(("ETag" = String, description = "Its revision."))),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn update_policy(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
    Body(draft): Body<PolicyDraft>,
) -> Result<Response, Problem> {
    services
        .replace_policy(&name, draft.text, revision, &author)
        .await?;
    answer(&services, &name).await
}

/// Remove a policy of the owner's, and what is set about it. Its alerts stay.
#[utoipa::path(
    delete,
    path = "/policies/{name}",
    tag = "policies",
    params(
        ("name" = String, Path, description = "Name of the policy."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the policy must have.")
    ),
    responses((status = 204, description = "It is gone."), ChangeFailure<'static>)
)]
pub(crate) async fn delete_policy(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
) -> Result<StatusCode, Problem> {
    services.remove_policy(&name, revision, &author).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The text of a policy.
#[derive(ToSchema)]
#[schema(value_type = String)]
#[expect(dead_code, reason = "only described in the document, never built")]
struct PolicyText(String);

/// Show the text of a policy as its file has it.
#[utoipa::path(
    get,
    path = "/policies/{name}/text",
    tag = "policies",
    params(("name" = String, Path, description = "Name of the policy.")),
    responses(
        (status = 200, description = "The text, in YAML.", body = inline(PolicyText), content_type = "text/plain", headers(("ETag" = String, description = "Its revision."))),
        Failure<'static>
    )
)]
pub(crate) async fn get_policy_text(
    State(services): State<Services>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let policy = services.policy(&name).await?;
    let settings = services.policy_settings().await?;
    let set = settings.iter().find(|set| set.policy == name);
    // The name has only letters that a header can hold.
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.yml\""),
        ),
        (ETAG, etag(set.map_or(0, |set| set.revision))),
    ];
    Ok((headers, policy.text.to_string()).into_response())
}
