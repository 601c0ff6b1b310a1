use axum::extract::State;
use axum::http::StatusCode;
use drishti_model::Secret;
use drishti_services::Services;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::authentication::forbidden;
use crate::body::Body;
use crate::parameters::Path;
use crate::principal::Principal;
use crate::problem::{Code, Failure, Problem};

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The password: 12 to 256 characters, not the name.
    #[schema(value_type = String, format = Password, write_only)]
    password: Secret,
    /// The old one, which changing the own password takes.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    old_password: Option<Secret>,
    /// Whether an admin takes the second factor of another operator as well, who has lost it.
    #[serde(default)]
    remove_totp: bool,
}

/// Change the own password, or reset that of another operator as an admin. It ends all of their sessions.
#[utoipa::path(
    post,
    path = "/operators/{name}/password",
    tag = "access",
    params(("name" = String, Path, description = "Name of the operator.")),
    request_body = NewPassword,
    responses((status = 204, description = "It holds from now on."), Failure<'static>)
)]
pub(crate) async fn set_password(
    State(services): State<Services>,
    Path(name): Path<String>,
    principal: Principal,
    Body(new): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    if principal.is_operator(&name) {
        let old = new.old_password.ok_or_else(|| {
            let detail = "changing the own password takes the old one, as `old_password`";
            Problem::new(Code::InvalidBody, detail)
        })?;
        services.change_password(&name, &old, &new.password).await?;
    } else if principal.is_full_admin() {
        let author = &principal.name;
        services
            .reset_password(&name, &new.password, new.remove_totp, author)
            .await?;
    } else {
        return Err(forbidden("only admins reset the passwords of others"));
    }
    Ok(StatusCode::NO_CONTENT)
}
