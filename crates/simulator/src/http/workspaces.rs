//! `GET /workspaces` and `/workspaces/{gid}`.

use super::call::{Answer, Call, NextPage, UnpagedMax};
use super::failure::Failure;
use super::rows;
use crate::organisation::Organisation;

pub(super) fn list(call: &Call) -> Result<Answer, Failure> {
    let fields = call.fields(rows::COMPACT)?;
    let mut workspaces: Vec<(u64, &Organisation)> = call
        .service
        .organisations()
        .map(|organisation| (organisation.workspace_gid(), organisation))
        .collect();
    workspaces.sort_unstable_by_key(|(gid, _)| *gid);
    call.page(&workspaces, UnpagedMax::Refuse, |organisation| {
        fields.of(&rows::workspace(organisation))
    })
}

pub(super) fn one(call: &Call) -> Result<Answer, Failure> {
    let fields = call.fields(rows::WORKSPACE)?;
    let organisation = call.path_workspace()?;
    Ok(Answer::One(fields.of(&rows::workspace(organisation))))
}

impl Answer {
    /// A list without rows.
    pub(super) fn empty(call: &Call) -> Result<Self, Failure> {
        let next = match call.limit()? {
            Some(_) => NextPage::None,
            None => NextPage::Absent,
        };
        Ok(Self::Rows(Vec::new(), next))
    }
}
