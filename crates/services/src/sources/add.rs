//! Adding sources.

use drishti_ledger::{LedgerError, NewSource};
use drishti_model::{Secret, SourceName, SourceProfile};

use super::{bounds, named, test};
use crate::{ServiceError, Services, Source};

/// A source to be added.
#[derive(Clone, Debug)]
pub struct AddSource {
    /// Its name; where the token sees several workspaces, the beginning of their names.
    pub name: SourceName,
    /// The workspace to collect. Without one Asana is asked which the token sees.
    pub workspace_gid: Option<String>,
    /// Asana's token. A source without one only takes events from files.
    pub token: Option<Secret>,
    /// Everything else that is configured; its own `workspace_gid` is not looked at.
    pub profile: SourceProfile,
    /// Whether it stands in `drishti.toml`.
    pub declared: bool,
}

impl Services {
    /// Adds a source. With a token and without a workspace it asks Asana, and adds one source for each workspace that the token
    /// sees: under the name itself where there is one, under `NAME-GID` where there are several. All are added, or, where a name is
    /// taken or a setting is out of bounds, none.
    pub async fn add_source(&self, add: AddSource) -> Result<Vec<Source>, ServiceError> {
        let workspaces = match (&add.workspace_gid, &add.token) {
            (None, Some(token)) => self.visible_workspaces(&add, token).await?,
            (gid, _) => vec![(add.name.clone(), gid.clone())],
        };
        let mut new = Vec::new();
        for (name, workspace_gid) in workspaces {
            let profile = SourceProfile {
                workspace_gid,
                ..add.profile.clone()
            };
            bounds::check_profile(&profile)?;
            if let Some(token) = &add.token {
                test::client(&profile.api_url, token, self.proxy.as_ref())?;
            }
            self.forget_if_removed(&name).await?;
            if self.ledger.source(&name).await?.is_some() {
                return Err(LedgerError::SourceExists(name).into());
            }
            new.push(NewSource {
                name,
                profile,
                token: add.token.clone(),
                declared: add.declared,
            });
        }
        let added = self.ledger.add_sources(new, self.clock.now()).await;
        added.map_err(named)
    }

    async fn visible_workspaces(
        &self,
        add: &AddSource,
        token: &Secret,
    ) -> Result<Vec<(SourceName, Option<String>)>, ServiceError> {
        let workspaces = test::client(&add.profile.api_url, token, self.proxy.as_ref())?
            .workspaces()
            .await?;
        match workspaces.as_slice() {
            [] => Err(ServiceError::NoWorkspace),
            [one] => Ok(vec![(add.name.clone(), Some(one.gid.clone()))]),
            several => several
                .iter()
                .map(|workspace| {
                    let name = SourceName::new(format!("{}-{}", add.name, workspace.gid))?;
                    Ok((name, Some(workspace.gid.clone())))
                })
                .collect(),
        }
    }
}
