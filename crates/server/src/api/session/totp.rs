use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use drishti_model::Secret;
use drishti_services::Services;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::principal::SignedIn;
use crate::problem::{Failure, Problem};

/// What an authenticator is set up with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactor {
    /// An `otpauth` address, to be shown as a QR code. It is not told again.
    uri: String,
}

/// Offer a second factor, in exchange for the password. It is asked for once a code has confirmed it.
#[utoipa::path(
    post,
    path = "/session/totp",
    tag = "access",
    request_body = OwnPassword,
    responses((status = 200, description = "What to set the authenticator up with.", body = SecondFactor), Failure<'static>)
)]
pub(crate) async fn begin_totp(
    State(services): State<Services>,
    SignedIn(open): SignedIn,
    Body(OwnPassword { password }): Body<OwnPassword>,
) -> Result<Json<SecondFactor>, Problem> {
    let operator = &open.session.operator.name;
    let address = services.offer_totp(operator, &password).await?;
    Ok(Json(SecondFactor {
        uri: address.expose().to_owned(),
    }))
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorCode {
    /// What the authenticator shows.
    #[schema(value_type = String, format = Password, write_only)]
    code: Secret,
}

/// Confirm the offered second factor.
#[utoipa::path(
    put,
    path = "/session/totp",
    tag = "access",
    request_body = SecondFactorCode,
    responses((status = 204, description = "It is asked for from now on."), Failure<'static>)
)]
pub(crate) async fn confirm_totp(
    State(services): State<Services>,
    SignedIn(open): SignedIn,
    Body(SecondFactorCode { code }): Body<SecondFactorCode>,
) -> Result<StatusCode, Problem> {
    let operator = &open.session.operator.name;
    services.confirm_totp(operator, &code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPassword {
    /// The password.
    #[schema(value_type = String, format = Password, write_only)]
    password: Secret,
}

/// Remove the own second factor.
#[utoipa::path(
    delete,
    path = "/session/totp",
    tag = "access",
    request_body = OwnPassword,
    responses((status = 204, description = "None is asked for from now on."), Failure<'static>)
)]
pub(crate) async fn remove_totp(
    State(services): State<Services>,
    SignedIn(open): SignedIn,
    Body(OwnPassword { password }): Body<OwnPassword>,
) -> Result<StatusCode, Problem> {
    let operator = &open.session.operator.name;
    services.remove_totp(operator, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}
