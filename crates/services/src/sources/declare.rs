//! Sources that stand in a configuration file: made or brought in line at each start.

use super::AddSource;
use crate::{ServiceError, Services, Source, SourceChange};

impl Services {
    /// Sees to it that a source is as `declared`: adds it, or changes what differs. A source that was made of one of several
    /// workspaces is brought in line under its longer name.
    pub async fn declare_source(&self, declared: AddSource) -> Result<Vec<Source>, ServiceError> {
        let known: Vec<Source> = self
            .ledger
            .sources()
            .await?
            .into_iter()
            .filter(|source| is_meant(&declared, source))
            .collect();
        if known.is_empty() {
            return self.add_source(declared).await;
        }
        let mut sources = Vec::new();
        for source in known {
            sources.push(self.bring_in_line(source, &declared).await?);
        }
        Ok(sources)
    }

    async fn bring_in_line(
        &self,
        source: Source,
        declared: &AddSource,
    ) -> Result<Source, ServiceError> {
        let mut profile = declared.profile.clone();
        profile.workspace_gid = declared
            .workspace_gid
            .clone()
            .or_else(|| source.profile.workspace_gid.clone());
        let token = match &declared.token {
            Some(token) if self.ledger.token(&source.name).await?.as_ref() != Some(token) => {
                Some(token.clone())
            }
            _ => None,
        };
        let change = SourceChange {
            profile: (profile != source.profile).then_some(profile),
            token,
            declared: (declared.declared != source.declared).then_some(declared.declared),
            desired: None,
        };
        if change.profile.is_none() && change.token.is_none() && change.declared.is_none() {
            return Ok(source);
        }
        self.update_source(&source.name, change, None).await
    }
}

fn is_meant(declared: &AddSource, source: &Source) -> bool {
    let of_several = || {
        let gid = source.profile.workspace_gid.as_deref()?;
        let name = source.name.as_str().strip_prefix(declared.name.as_str())?;
        Some(declared.workspace_gid.is_none() && name.strip_prefix('-') == Some(gid))
    };
    source.name == declared.name || of_several().unwrap_or(false)
}
