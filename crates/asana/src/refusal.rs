use drishti_model::Secret;
use reqwest::Response;
use serde::Deserialize;

use crate::client::Call;
use crate::error::AsanaError;
use crate::printable::printable;
use crate::retry::retry_after;

/// Most bytes of an error's body that are read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// Most characters of Asana's words that are kept.
const WORDS_CHARACTERS_MAX: usize = 300;

/// Asana's form of an error (`asana-api.md`, section 2.2).
#[derive(Deserialize)]
struct Errors {
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    message: Option<String>,
    /// Identifies one failure of the server to Asana's support.
    phrase: Option<String>,
}

/// The error that a status other than 200 stands for.
pub(crate) async fn refused(call: &Call, response: Response, token: &Secret) -> AsanaError {
    let endpoint = call.endpoint;
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let messages = messages(&beginning(response).await);
    let words = messages.join("; ").replace(token.expose(), "[redacted]");
    let words = printable(&words, WORDS_CHARACTERS_MAX);
    match status {
        // How Asana words the refusal of an audit log offset is not known (`asana-api.md`, section 2). Without the offset the rest of
        // the request is judged by itself, so a fault elsewhere in it comes back as what it is.
        400 if call.has_offset() => AsanaError::OffsetRefused { endpoint, words },
        400 => AsanaError::BadRequest { endpoint, words },
        401 => AsanaError::TokenRejected { endpoint, words },
        402 => AsanaError::PlanTooLow { endpoint, words },
        403 => AsanaError::Forbidden { endpoint, words },
        404 => AsanaError::NotFound { endpoint, words },
        451 => AsanaError::Embargoed { endpoint, words },
        429 => AsanaError::RateLimited {
            endpoint,
            retry_after,
            words,
        },
        300..=399 => AsanaError::Redirected { endpoint, status },
        408 | 500..=599 => AsanaError::Unavailable {
            endpoint,
            status,
            words,
        },
        _ => AsanaError::UnexpectedStatus {
            endpoint,
            status,
            words,
        },
    }
}

/// As much of the body as arrives, up to [`REFUSAL_BYTES_MAX`]: the status says more than a body that breaks off.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = REFUSAL_BYTES_MAX - body.len();
        body.extend(chunk.iter().take(room));
        if body.len() == REFUSAL_BYTES_MAX {
            break;
        }
    }
    body
}

/// What the errors in `body` say, or the body itself where it is not in Asana's form.
fn messages(body: &[u8]) -> Vec<String> {
    match serde_json::from_slice::<Errors>(body) {
        Ok(errors) => errors
            .errors
            .into_iter()
            .flat_map(|fault| [fault.message, fault.phrase])
            .flatten()
            .collect(),
        Err(_) => vec![String::from_utf8_lossy(body).into_owned()],
    }
}
