use drishti_ledger::{REPEATABLE_ANSWER_BYTES_MAX, RepeatableRequest};
use drishti_model::Secret;

use super::digest;
use crate::{ServiceError, Services};

pub use drishti_ledger::{KeptAnswer, Repetition};

/// A request that is made once, however often it comes.
#[derive(Clone, Debug)]
pub struct Repeatable {
    id: String,
    principal: String,
    fingerprint: String,
}

impl Repeatable {
    /// The request of `principal` with this key; `parts` is all that makes it this one and no other.
    pub fn new(principal: &str, key: &str, parts: &[&str]) -> Self {
        // With their lengths, so that no two lists look alike.
        let joined = |parts: &[&str]| {
            let sized: Vec<_> = parts
                .iter()
                .map(|part| format!("{}:{part}", part.len()))
                .collect();
            digest(&Secret::new(sized.concat()))
        };
        Self {
            id: joined(&[principal, key]),
            principal: principal.to_owned(),
            fingerprint: joined(parts),
        }
    }

    fn row(&self) -> RepeatableRequest<'_> {
        RepeatableRequest {
            id: &self.id,
            principal: &self.principal,
            fingerprint: &self.fingerprint,
        }
    }
}

impl Services {
    /// Begins a request, unless it was begun before.
    pub async fn begin_repeatable(&self, request: &Repeatable) -> Result<Repetition, ServiceError> {
        let now = self.clock.now();
        Ok(self.ledger.begin_repeatable(request.row(), now).await?)
    }

    /// Keeps the answer to a request that was begun; of a long one only that it was given.
    pub async fn answer_repeatable(
        &self,
        request: &Repeatable,
        mut answer: KeptAnswer,
    ) -> Result<(), ServiceError> {
        answer.body = answer
            .body
            .filter(|body| body.len() <= REPEATABLE_ANSWER_BYTES_MAX);
        Ok(self.ledger.answer_repeatable(request.row(), answer).await?)
    }

    /// Forgets a request that came to nothing.
    pub async fn forget_repeatable(&self, request: &Repeatable) -> Result<(), ServiceError> {
        Ok(self.ledger.forget_repeatable(&request.id).await?)
    }
}
